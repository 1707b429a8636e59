package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime/plugin/protocol"
)

func contextThatEnds(t *testing.T, after time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), after)
}

// FuzzRequests sends anything to every method, as a body that comes twice. Each
// answer is one that an engine understands, no method panics, and the records can
// be read again.
func FuzzRequests(f *testing.F) {
	b := newBench(f)
	var log bytes.Buffer
	h := protocol.NewHandler(b.Methods(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})))
	methods := slices.Sorted(maps.Keys(b.Methods()))
	files, _ := filepath.Glob("testdata/requests/*.jsonl")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			var q struct {
				Method string
				Body   json.RawMessage
			}
			if err := json.Unmarshal([]byte(line), &q); err != nil {
				f.Fatal(err)
			}
			if i := slices.Index(methods, q.Method); i >= 0 {
				f.Add(uint8(i), []byte(q.Body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		for range 2 {
			status, answer := send(h, methods[int(which)%len(methods)], body)
			var object map[string]any
			if err := json.Unmarshal([]byte(answer), &object); err != nil {
				t.Fatalf("answer %q: %v", answer, err)
			}
			if status != 200 && status != 400 && status != 413 {
				t.Fatalf("status %d", status)
			}
			if text, failed := object["Err"].(string); failed && text == "" || status != 200 && !failed {
				t.Fatalf("status %d with %q", status, answer)
			}
		}
		if log.Len() > 0 {
			t.Fatal(log.String())
		}
		if _, _, err := ReadRecords(b.dirs[0], b.dirs[1]); err != nil {
			t.Fatal(err)
		}
	})
}
