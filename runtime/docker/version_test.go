package docker

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
)

// What an engine says of itself is one line, however it says it; where none answers, that is said.
func TestVersion(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "engine.sock")
	nobody := At("unix://" + socket)
	defer nobody.Close()
	if _, err := nobody.Version(t.Context()); !errors.Is(err, ErrNoEngine) {
		t.Errorf("%v", err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"Version":"99.1\n\nx","ApiVersion":"1.44"}`)
	})}
	go server.Serve(l)
	defer server.Close()
	e := At("unix://" + socket)
	defer e.Close()
	if v, err := e.Version(t.Context()); err != nil || v != (Version{"99.1 x", "1.44"}) {
		t.Errorf("%+v, %v", v, err)
	}
}
