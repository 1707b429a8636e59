//go:build bench

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime"
)

// The measure of a deploy of containers: a ring of 20 against 20 that are just
// created and started, and removed, through the engine's socket.
const (
	benchNodes  = 20
	benchRounds = 3
	benchMost   = 1.15 // what the issue asks for
)

// TestBenchContainers prints how long valelab takes next to that. Rounds take
// turns, so that what else the machine does hits both; the medians count. It
// wants bin/valelab, which has its image in itself.
func TestBenchContainers(t *testing.T) {
	needEngine(t)
	program, err := filepath.Abs("../../bin/valelab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v (make build)", err)
	}
	proxy := newEngineProxy(t)
	root, err := os.MkdirTemp("/run", "vlb")
	if err != nil {
		t.Fatal(err)
	}
	valelab := func(env string, args ...string) time.Duration {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "VALELAB_RUN="+root, env)
		begin := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", args, err, out)
		}
		return time.Since(begin)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	// A lab of one container keeps the image between the rounds.
	t.Cleanup(func() { valelab("", "destroy", "--all"); os.RemoveAll(root) })
	valelab("", "deploy", write("hold.yml", "name: hold\nnodes:\n  a: {image: valelab}\n"))
	lab := write("ring.yml", "name: ring\n"+strings.ReplaceAll(ring(benchNodes), "IMAGE, cmd: sleep 1000", "valelab"))
	image := ownImageID(t)

	var up, down, bareUp, bareDown []time.Duration
	for range benchRounds {
		u, d := bare(t, image)
		bareUp, bareDown = append(bareUp, u), append(bareDown, d)
		up = append(up, valelab("", "deploy", lab))
		down = append(down, valelab("", "destroy", "ring"))
	}
	report := func(what string, ours, bare []time.Duration) {
		a, b := middle(ours), middle(bare)
		fmt.Printf("%s of a ring of %d containers: %s, bare %s: %.2f times (at most %.2f)\n",
			what, benchNodes, a.Round(time.Millisecond), b.Round(time.Millisecond), float64(a)/float64(b), benchMost)
		if float64(a) > benchMost*float64(b) {
			t.Errorf("%s: more than %.2f times", what, benchMost)
		}
	}
	report("deploy", up, bareUp)
	report("destroy", down, bareDown)
	valelab("DOCKER_HOST=unix://"+proxy.socket, "deploy", lab)
	deployed := len(proxy.took())
	valelab("DOCKER_HOST=unix://"+proxy.socket, "deploy", lab)
	again := len(proxy.took())
	valelab("DOCKER_HOST=unix://"+proxy.socket, "destroy", "ring")
	fmt.Printf("requests: %d to deploy, %d to deploy again, %d to destroy\n", deployed, again, len(proxy.took()))
}

func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// ownImageID is the image that valelab has imported.
func ownImageID(t *testing.T) string {
	t.Helper()
	var images []struct{ ID string }
	ask(t, engineSocket, "GET", `/images/json?filters={"label":["valelab.image"]}`, nil, &images)
	if len(images) == 0 {
		t.Fatal("valelab has not imported its image")
	}
	return images[0].ID
}

// bare creates and starts containers, and removes them, as many at once as
// valelab does.
func bare(t *testing.T, image string) (up, down time.Duration) {
	t.Helper()
	// It waits for a file on its standard input, which never comes.
	body, err := json.Marshal(map[string]any{
		"Image": image, "Cmd": []string{"/bin/valelab", "validate", "/dev/stdin"}, "OpenStdin": true,
		"HostConfig": map[string]any{"NetworkMode": "none"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, benchNodes)
	t.Cleanup(func() {
		for _, id := range ids {
			if id != "" {
				ask(t, engineSocket, "DELETE", "/containers/"+id+"?force=1", nil, nil)
			}
		}
	})
	atOnce := func(do func(i int)) time.Duration {
		begin := time.Now()
		turns := make(chan struct{}, runtime.DefaultWorkers)
		var wg sync.WaitGroup
		for i := range benchNodes {
			turns <- struct{}{}
			wg.Go(func() { do(i); <-turns })
		}
		wg.Wait()
		return time.Since(begin)
	}
	up = atOnce(func(i int) {
		var made struct{ ID string }
		if ask(t, engineSocket, "POST", "/containers/create", strings.NewReader(string(body)), &made) != http.StatusCreated {
			t.Error("create failed")
			return
		}
		ids[i] = made.ID
		if ask(t, engineSocket, "POST", "/containers/"+made.ID+"/start", nil, nil) != http.StatusNoContent {
			t.Error("start failed")
		}
	})
	down = atOnce(func(i int) {
		ask(t, engineSocket, "DELETE", "/containers/"+ids[i]+"?force=1&v=1", nil, nil)
		ids[i] = ""
	})
	return up, down
}
