package agent

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valelab/valelab/netmap"
)

// guestProgram is what this binary is as a program in a guest: it opens ports
// and says how that went.
func guestProgram(socket string, names []string) {
	for _, name := range names {
		port, err := netmap.Open(name, netmap.Socket(socket))
		if err == nil {
			err = port.Close()
		}
		fmt.Println(name, err)
	}
}

// opens runs such a program in a namespace. It has to be a process: the agent
// asks where that is.
func (n namespace) opens(t *testing.T, socket string, names ...string) string {
	t.Helper()
	var out []byte
	n.do(t, func() (err error) {
		cmd := exec.Command("/proc/self/exe")
		cmd.Args = append([]string{"guest-program", socket}, names...)
		out, err = cmd.CombinedOutput()
		return err
	})
	return strings.TrimSpace(string(out))
}

// TestRootGuests lets programs of containers that others look after in by the
// door: each only to its own interfaces, by the names that these have inside, and
// after the agent's death too.
func TestRootGuests(t *testing.T) {
	l := startLab(t)
	ctx := t.Context()
	folder := filepath.Join(l.dir, "door")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, netmapSocket)
	l.must(l.PutSwitch(ctx, "left", SwitchSpec{}))
	l.must(l.PutDoor(ctx, DoorSpec{Folder: folder}))
	guests := map[string]namespace{"c1": newNamespace(t), "c2": newNamespace(t)}
	for i, name := range []string{"c1", "c2"} {
		l.must(l.PutGuest(ctx, name, GuestSpec{}))
		for _, inside := range []string{"eth0", "wan" + name} {
			spec := EndpointSpec{
				Switch: "left", Device: name + inside, MTU: 1500, MAC: fmt.Sprintf("02:00:00:00:%02x:%02x", len(inside), i), Rings: 1, Slots: 64,
			}
			l.lab.addPair(t, spec.Device, guests[name], inside, spec.MAC, fmt.Sprintf("10.%d.0.%d/24", len(inside), i+1))
			l.must(l.PutEndpoint(ctx, name, "p"+inside, spec))
		}
	}
	stranger := newNamespace(t)
	for _, moment := range []string{"at first", "after a restart"} {
		for name, ns := range guests {
			other := map[string]string{"c1": "c2", "c2": "c1"}[name]
			got := ns.opens(t, socket, "netmap:eth0", "netmap:wan"+name, "netmap:wan"+other, "netmap:peth0")
			lines := strings.Split(got, "\n")
			if len(lines) != 4 || lines[0] != "netmap:eth0 <nil>" || lines[1] != "netmap:wan"+name+" <nil>" ||
				strings.Contains(lines[2]+lines[3], "<nil>") {
				t.Errorf("%s: %s opens:\n%s", moment, name, got)
			}
		}
		if got := stranger.opens(t, socket, "netmap:eth0"); strings.Contains(got, "<nil>") {
			t.Errorf("%s: one of no network opens a port: %s", moment, got)
		}
		l.kill()
		if moment == "at first" {
			l.version()
		}
	}

	created, err := l.PutGuest(ctx, "c1", GuestSpec{Title: "web", Names: map[string]string{"peth0": "eth0", "pwanc1": "wanc1"}})
	if created || err != nil {
		t.Errorf("labels: %v %v", created, err)
	}
	l.must(l.PutGuest(ctx, "c1", GuestSpec{})) // who only wants it to be there leaves them
	shown := ""
	for _, e := range l.inventory().Endpoints {
		shown += e.Shown + " "
	}
	if want := "web:eth0 web:wanc1 c2:eth0 c2:wanc2 "; shown != want {
		t.Errorf("shown: %s, want %s", shown, want)
	}
	stats, err := l.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]bool{}
	for i := range stats.Rings {
		titles[stats.Rings[i].Label()] = true
	}
	for _, want := range []string{"web:eth0", "web:wanc1", "c2:eth0"} {
		if !titles[want] {
			t.Errorf("stats have no %s: %v", want, titles)
		}
	}
	if status(t, l.DeleteGuest(ctx, "c1")) != http.StatusConflict {
		t.Error("a guest with endpoints can be removed")
	}
	for _, iface := range []string{"peth0", "pwanc1"} {
		if err := l.DeleteEndpoint(ctx, "c1", iface); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.DeleteGuest(ctx, "c1"); err != nil {
		t.Error(err)
	}
	if got := guests["c1"].opens(t, socket, "netmap:eth0"); strings.Contains(got, "<nil>") {
		t.Errorf("one that was removed opens a port: %s", got)
	}
}

// TestRootDoor listens anew where the folder was emptied, and only then.
func TestRootDoor(t *testing.T) {
	l := startLab(t)
	ctx := t.Context()
	folder := t.TempDir()
	for i, c := range []struct {
		before  func()
		created bool
	}{
		{func() {}, true},
		{func() {}, false},
		{func() { l.kill() }, false},
		{func() { os.Remove(filepath.Join(folder, netmapSocket)) }, true},
	} {
		c.before()
		created, err := l.PutDoor(ctx, DoorSpec{Folder: folder})
		if created != c.created || err != nil {
			t.Errorf("%d: created %v, error %v", i, created, err)
		}
	}
	for _, bad := range []string{"", "relative", "/a/../b", "/nowhere/at/all"} {
		if _, err := l.PutDoor(ctx, DoorSpec{Folder: bad}); status(t, err) == 0 {
			t.Errorf("folder %q is accepted", bad)
		}
	}
}
