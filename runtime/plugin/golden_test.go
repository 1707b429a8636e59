package plugin

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/plugin/protocol"
)

var update = flag.Bool("update", false, "rewrite the golden answers in testdata")

// send is a request of an engine.
func send(h http.Handler, method string, body []byte) (status int, answer string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/"+method, bytes.NewReader(body)))
	return w.Code, strings.TrimSpace(w.Body.String())
}

// TestGolden plays what engines send: those of 20.10 as one has sent them, those
// of 28 and 29 in the shapes that these have.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/requests/*.jsonl")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b := newBench(t)
			h := protocol.NewHandler(b.Methods(), slog.New(slog.DiscardHandler))
			var got strings.Builder
			requests, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(requests)) {
				var q struct {
					Method string
					Body   json.RawMessage
				}
				if err := json.Unmarshal([]byte(line), &q); err != nil {
					t.Fatal(err)
				}
				if string(q.Body) == "null" {
					q.Body = nil
				}
				status, answer := send(h, q.Method, q.Body)
				got.WriteString(strings.TrimPrefix(q.Method, "NetworkDriver.") + " " + http.StatusText(status) + " " + answer + "\n")
			}
			b.empty()
			golden := strings.TrimSuffix(file, ".jsonl") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
			}
		})
	}
}
