package agent

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/keeper"
)

// Whatever the keeper holds, an agent that restores it goes on, has either
// restored an entry or forgotten it, and has lost no file.
func FuzzRestore(f *testing.F) {
	f.Add("switch/lan", `{"wire":true}`, uint8(1), uint8(0))
	f.Add("api/", `{}`, uint8(1), uint8(2))
	f.Add("node/n1", `{"pid":1,"starttime":1}`, uint8(1), uint8(2))
	f.Add("node/../x", `{"pid":-1,"starttime":1}`, uint8(1), uint8(2))
	f.Add("endpoint/n1:eth1", `{"node":"n1","interface":"eth1","spec":{"switch":"kept"},"at":{"ifindex":1,"port":0}}`, uint8(1), uint8(1))
	f.Add("uplink/lo", `{"interface":"lo","spec":{"switch":"kept"},"at":{"ifindex":1,"port":300}}`, uint8(1), uint8(1))
	f.Add("trunk/kept--lan", `{"a":"kept","b":"kept"}`, uint8(0), uint8(0))
	f.Add("open/1", `{"node":"n1","interface":"eth1","rings":{"mode":1}}`, uint8(4), uint8(0))
	f.Add("open", `null`, uint8(8), uint8(0))
	f.Fuzz(func(t *testing.T, key, payload string, files, kind uint8) {
		store := newFakeStore()
		a := newTestAgent(t, store)
		if _, err := a.putSwitch("kept", SwitchSpec{}); err != nil {
			t.Fatal(err)
		}
		entry := keeper.Entry{Key: key, Payload: []byte(payload)}
		for range files % (keeper.MaxFiles + 1) {
			entry.FDs = append(entry.FDs, someFile(t, kind))
		}
		if err := store.Put(key, entry.Payload, entry.FDs...); err != nil {
			t.Fatal(err)
		}
		entries := []keeper.Entry{entry}
		api := a.restore(entries)
		if api != nil {
			api.Close()
		}
		for _, fd := range entries[0].FDs {
			if fd >= 0 {
				t.Errorf("a file of entry %q is left", key)
			}
		}
		of, name := splitKey(key)
		restored := api != nil
		switch of {
		case kindSwitch:
			restored = a.switches[name] != nil && name != "kept"
		case kindNode:
			restored = a.nodes[name] != nil
		case kindEndpoint:
			restored = len(a.endpoints) > 0
		case kindUplink:
			restored = len(a.uplinks) > 0
		}
		if _, kept := store.entries[key]; kept != restored && key != "switch/kept" {
			t.Errorf("entry %q: restored %v, kept %v", key, restored, kept)
		}
		if lab := a.inventory(); len(lab.Switches) == 0 {
			t.Error("a switch was lost")
		}
	})
}

// someFile makes a file of one of several kinds.
func someFile(t *testing.T, kind uint8) int {
	var fd int
	var err error
	switch kind % 4 {
	case 0:
		fd, err = unix.MemfdCreate("fuzz", unix.MFD_CLOEXEC)
	case 1:
		fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	case 2:
		folder, ferr := openFolder(t.TempDir())
		if ferr != nil {
			t.Fatal(ferr)
		}
		defer folder.Close()
		fd, err = listen(folder, "s", unix.SOCK_SEQPACKET, 0o600)
	default:
		fd, err = unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
