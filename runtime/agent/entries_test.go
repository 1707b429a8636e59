package agent

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/valelab/valelab/runtime/keeper"
)

// Entries of this format are taken over, others are left alone; a lab that
// begins has none.
func TestCheckFormat(t *testing.T) {
	newer := fmt.Sprintf(`{"format":%d}`, entryFormat+1)
	for payload, good := range map[string]bool{
		fmt.Sprintf(`{"format":%d}`, entryFormat): true, fmt.Sprintf(`{"format":%d}`, oldestFormat): true,
		newer: false, fmt.Sprintf(`{"format":%d}`, oldestFormat-1): false, `{}`: false, `{`: false, `{"format":3,"x":2}`: false,
	} {
		err := checkFormat([]keeper.Entry{{Key: "switch/lan"}, {Key: "format/", Payload: []byte(payload)}})
		if (err == nil) != good {
			t.Errorf("%s: %v", payload, err)
		}
	}
	if err := checkFormat([]keeper.Entry{{Key: "switch/lan"}}); err == nil {
		t.Error("entries without a format are taken")
	}
	if err := checkFormat(nil); err != nil {
		t.Errorf("no entries: %v", err)
	}
	err := checkFormat([]keeper.Entry{{Key: "format/", Payload: []byte(newer)}})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("format %d, and this program knows %d to %d", entryFormat+1, oldestFormat, entryFormat)) {
		t.Errorf("error %v", err)
	}
}

// A request that an agent dies over goes to the next one, and an order to end
// does not.
func TestClientCarriesOn(t *testing.T) {
	dir := t.TempDir()
	socket, err := net.Listen("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int32
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if requests.Add(1)%3 != 0 {
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
		if r.Method == http.MethodPut && string(body) != `{"wire":true}` {
			t.Errorf("body %q", body)
		}
		w.WriteHeader(http.StatusCreated)
	})}
	go func() { _ = server.Serve(socket) }()
	t.Cleanup(func() { server.Close() })
	client := Dial(dir)
	defer client.Close()
	if created, err := client.PutSwitch(context.Background(), "s", SwitchSpec{Wire: true}); err != nil || !created {
		t.Errorf("PutSwitch = %v, %v", created, err)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
	if err := client.Shutdown(context.Background()); err == nil {
		t.Error("an order to end was repeated")
	}
	if n := requests.Load(); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}
