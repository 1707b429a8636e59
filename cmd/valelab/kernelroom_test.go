//go:build kernel

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	netmap "github.com/valelab/valelab/netmap/module"
)

func parameter(t *testing.T, name string) int {
	t.Helper()
	params, err := netmap.Read(os.DirFS(netmap.Dir))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := params.Value(name)
	if !ok {
		t.Fatalf("the module has no parameter %s", name)
	}
	return n
}

// setParameter sets a parameter until the test ends.
func setParameter(t *testing.T, name string, value int) {
	t.Helper()
	file := filepath.Join(netmap.Dir, "parameters", name)
	before := parameter(t, name)
	t.Cleanup(func() {
		if err := os.WriteFile(file, []byte(strconv.Itoa(before)), 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(file, []byte(strconv.Itoa(value)), 0); err != nil {
		t.Fatal(err)
	}
}

// refusal is the command of the hint that a refused deploy prints.
func refusal(t *testing.T, l *liveLab, file, why string) (command string) {
	t.Helper()
	out, err := l.command("deploy", file).CombinedOutput()
	if err == nil || !strings.Contains(string(out), why) {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	_, hint, ok := strings.Cut(string(out), "hint: ")
	command, _, _ = strings.Cut(hint, " (as root")
	if !ok || command == "" {
		t.Fatalf("no hint in:\n%s", out)
	}
	return command
}

// A lab with more links than the module has memory for is refused, and fits when the hint was followed.
func TestKernelRoom(t *testing.T) {
	setParameter(t, "buf_num", parameter(t, "buf_num"))
	var text strings.Builder
	text.WriteString("netmap: kernel\nswitches: {s: {}}\nnodes: {a: {}}\nlinks:\n")
	links := maxVeths(t) + 1
	for i := range links {
		fmt.Fprintf(&text, "  - [a:eth%d, s]\n", i)
	}
	l := newLab(t, "room.yml")
	file := l.write(text.String())
	hint := refusal(t, l, file, fmt.Sprintf("%d links on switches of the netmap module", links))
	if out, err := exec.Command("sh", "-c", hint).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", hint, err, out)
	}
	l.valelab("deploy", file)
	if n := len(l.modulePorts()); n != links {
		t.Errorf("%d ports, want %d", n, links)
	}
}

func maxVeths(t *testing.T) int {
	t.Helper()
	params, err := netmap.Read(os.DirFS(netmap.Dir))
	if err != nil {
		t.Fatal(err)
	}
	return params.MaxVeths()
}

// Frames that are larger than a buffer are refused, and carried when the hint was followed.
func TestKernelLargeFrames(t *testing.T) {
	for _, name := range []string{"buf_size", "priv_buf_size"} {
		setParameter(t, name, parameter(t, name))
	}
	setParameter(t, "buf_num", 30_000) // the machine has not that much memory
	l := newLab(t, "frames.yml")
	file := l.write(strings.ReplaceAll(pairLab, ", mac:", ", mtu: 9000, mac:"))
	hint := refusal(t, l, file, "mtu 9000: a buffer of the netmap module takes frames of an mtu of 2030")
	if out, err := exec.Command("sh", "-c", hint).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", hint, err, out)
	}
	l.valelab("deploy", file)
	l.start("b", netprobe(t), "serve", ":8080")
	l.in("a", netprobe(t), "udp", "10.8.0.2:8080")
	fetch(t, l, "10.8.0.2:8080")
}
