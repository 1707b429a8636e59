package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"

	"github.com/valelab/valelab/runtime/sample"
)

// Dashboard, alerts and their README name no metric that there is not, and the
// README names all.
func TestObservability(t *testing.T) {
	folder := filepath.Join("..", "..", "labs", "observability")
	names := sample.MetricNames()
	for _, file := range []string{"dashboard.json", "alerts.yml", "README.md"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`valelab_[a-z_]+`).FindAllString(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, name := range found {
			if !slices.Contains(names, name) {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
		for _, name := range names {
			if file == "README.md" && !slices.Contains(found, name) {
				t.Errorf("%s does not say what %s is", file, name)
			}
		}
		var parsed any
		switch filepath.Ext(file) {
		case ".json":
			err = json.Unmarshal(text, &parsed)
		case ".yml":
			err = yaml.Unmarshal(text, &parsed)
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// metrics --listen answers scrapers, also through the agent's replacement.
func TestRootMetricsListen(t *testing.T) {
	l := deploy(t, "../../labs/ping.yml")
	server := l.command("metrics", "--listen", "127.0.0.1:0", "ping")
	stderr, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(unix.SIGTERM)
		server.Wait()
	})
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://\S+`).FindString(line)
	for range 2 {
		await(t, func() string {
			resp, err := http.Get(url)
			if err != nil {
				return err.Error()
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(text), `valelab_node_running{lab="ping",node="a",state="running"} 1`) {
				return fmt.Sprintf("%s: %v\n%s", resp.Status, err, text)
			}
			return ""
		})
		if err := unix.Kill(l.agent(), unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}
