package keeper

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// This test binary is the keeper of its tests too (by the constructor), and
// the agent that the keeper starts, by this:
func TestMain(m *testing.M) {
	if os.Args[0] == "valelab-agent" {
		agents[os.Getenv("TEST_AGENT")](os.Args[1])
	}
	os.Exit(m.Run())
}

// agents are what an agent can be in a test.
var agents = map[string]func(labDir string){
	"":       reportingAgent,
	"crash":  crashingAgent,
	"script": scriptedAgent,
	"fill":   fillingAgent,
	"hang":   func(string) { select {} },
}

// sighting is what an agent saw when it started: one line in the file "seen".
type sighting struct {
	PID      int
	Restarts int
	Killed   bool // the agent before, by SIGKILL
	Entries  []seenEntry
	Lab      string // network namespaces
	Machine  string
}

// seenEntry is an Entry with its files' identities.
type seenEntry struct {
	Key     string
	Payload string
	Files   []string
}

// reportingAgent writes down what it finds. The first one stores some entries.
// Another signal than SIGKILL makes it ask for the end.
func reportingAgent(labDir string) {
	store, entries, err := Connect(StoreFD)
	must(err)
	if len(entries) == 0 {
		putEntries(store)
	}
	history := store.History()
	see(labDir, sighting{
		PID: os.Getpid(), Restarts: history.Restarts,
		Killed:  history.Status.Signaled() && history.Status.Signal() == unix.SIGKILL,
		Entries: identify(entries),
		Lab:     link("/proc/self/ns/net"), Machine: identity(MachineFD),
	})
	for {
		if _, err := os.Stat(filepath.Join(labDir, "end")); err == nil {
			must(store.Shutdown())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// putEntries stores entries of every kind of file that an agent has.
func putEntries(store *Store) {
	memory, err := unix.MemfdCreate("region", unix.MFD_CLOEXEC)
	must(err)
	event, err := unix.Eventfd(7, unix.EFD_NONBLOCK)
	must(err)
	packet, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	must(err)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	must(err)
	must(store.Put("none", nil))
	must(store.Put("replaced", []byte("old"), event))
	must(store.Put("deleted", []byte("x"), event))
	must(store.Put("all", []byte(`{"a":1}`), memory, event, packet, pair[0]))
	must(store.Put("replaced", []byte("new"), memory))
	must(store.Delete("deleted"))
	must(store.Delete("never there"))
	must(store.Put("big", make([]byte, MaxPayload), memory, memory, memory, memory, memory, memory, memory, memory))
}

// crashingAgent writes down when it started and dies.
func crashingAgent(labDir string) {
	file, err := os.OpenFile(filepath.Join(labDir, "starts"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(err)
	fmt.Fprintln(file, time.Now().UnixMilli())
	fmt.Fprintln(os.Stderr, "agent: this one crashes")
	os.Exit(3)
}

// see appends a sighting to the file "seen".
func see(labDir string, s sighting) {
	line, err := json.Marshal(s)
	must(err)
	file, err := os.OpenFile(filepath.Join(labDir, "seen"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(err)
	_, err = file.Write(append(line, '\n'))
	must(err)
	must(file.Close())
}

// sightings reads the file "seen".
func sightings(t *testing.T, labDir string) []sighting {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(labDir, "seen"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var all []sighting
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break // it is being written
		}
		var s sighting
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%v in %.200q", err, line)
		}
		all = append(all, s)
	}
	return all
}

func identify(entries []Entry) []seenEntry {
	var seen []seenEntry
	for _, entry := range entries {
		e := seenEntry{Key: entry.Key, Payload: string(entry.Payload)}
		for _, fd := range entry.FDs {
			e.Files = append(e.Files, identity(fd))
		}
		seen = append(seen, e)
	}
	return seen
}

// identity tells one open file from another: device and inode, and for those
// that share one inode the number that the kernel shows.
func identity(fd int) string {
	var st unix.Stat_t
	must(unix.Fstat(fd, &st))
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	must(err)
	id := fmt.Sprintf("%s %d:%d", link(fmt.Sprintf("/proc/self/fd/%d", fd)), st.Dev, st.Ino)
	for line := range strings.Lines(string(info)) {
		if strings.HasPrefix(line, "eventfd-id") {
			id += " " + strings.TrimSpace(line)
		}
	}
	return id
}

func link(path string) string {
	target, err := os.Readlink(path)
	must(err)
	return target
}

// must ends an agent that is in trouble; its words are in the log.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
