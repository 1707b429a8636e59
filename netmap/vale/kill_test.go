package vale

import (
	"encoding/binary"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// killVariable makes the test binary an engine that restores the switch of TestKilled.
const killVariable = "VALE_TEST_RESTORE"

func TestMain(m *testing.M) {
	if os.Getenv(killVariable) != "" {
		if err := restoreAndRun(); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// killPorts are the ports of TestKilled. Each has four descriptors from 4 on: socket, region, kick, wake; the
// state is descriptor 3.
var killPorts = []string{"from", "to"}

func killConfig() OpenConfig {
	return OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 128}
}

func restoreAndRun() error {
	e := New(Config{Workers: 1})
	s, err := e.NewSwitch("s", false, os.NewFile(3, "state"))
	if err != nil {
		return err
	}
	for i, name := range killPorts {
		p, err := s.AttachSocket(name, -1, 4+4*i, 1500)
		if err != nil {
			return err
		}
		cfg := killConfig()
		file := func(k int) *os.File { return os.NewFile(uintptr(4+4*i+k), "kept") }
		// RX rings are laid out first.
		cfg.Restore = &Restore{Files: Files{file(1), file(2), file(3)}, Kept: Kept{Objects: []int{1, 0}}}
		if _, err := p.OpenRings(cfg); err != nil {
			return err
		}
	}
	select {}
}

// TestKilled kills an engine under traffic, at any moment, and starts the next: programs in another process
// carry on, and no frame comes twice or out of order.
func TestKilled(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept := []*os.File{dupFile(t, s.StateFile())}
	var opens []*Open
	for _, name := range killPorts {
		sock := newSocket(t)
		p, err := s.AttachSocket(name, -1, sock, 1500)
		if err != nil {
			t.Fatal(err)
		}
		o, err := p.OpenRings(killConfig())
		if err != nil {
			t.Fatal(err)
		}
		files := keepOpen(t, o).Files
		second, err := unix.Dup(sock)
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(second), "socket")
		t.Cleanup(func() { file.Close() })
		kept = append(kept, file, files.Region, files.Kick, files.Wake)
		opens = append(opens, o)
	}
	tx, rx := find(t, opens[0], true, false, 0), find(t, opens[1], false, false, 0)
	back := find(t, opens[1], true, false, 0)
	back.put(eth(9, 2, 60), 0)
	back.sync(t)
	e.settle()
	e.abandon()

	stop, sent := make(chan struct{}), make(chan uint32, 1)
	go sendNumbered(tx, stop, sent)
	end := sync.OnceFunc(func() { close(stop); t.Logf("%d frames sent", <-sent) })
	t.Cleanup(end) // before the memory goes
	lives := 30
	if testing.Short() {
		lives = 5
	}
	next := uint32(0)
	for life := range lives {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), killVariable+"=1")
		cmd.ExtraFiles = kept
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		got, err := receiveNumbered(rx, &next, uint32(1+life*97), 20*time.Second)
		cmd.Process.Kill()
		cmd.Wait()
		if err != "" || got == 0 {
			t.Fatalf("life %d: %d frames, %s", life, got, err)
		}
	}
	end()
	t.Logf("the last one received is %d", next)
}

// sendNumbered sends frames with rising numbers as fast as the ring takes them.
func sendNumbered(tx *prog, stop chan struct{}, sent chan uint32) {
	number := uint32(0)
	for sleeps := uint32(1); ; sleeps++ {
		select {
		case <-stop:
			sent <- number
			return
		default:
		}
		for range tx.free() {
			frame := eth(2, 1, 60)
			number++
			binary.BigEndian.PutUint32(frame[20:], number)
			tx.put(frame, 0)
		}
		tx.publish()
		tx.Ctl.Wait.Store(sleeps)
		if tx.free() == 0 {
			tx.await(10 * time.Millisecond) // the time it takes to see stop
		}
	}
}

// receiveNumbered takes at least n frames whose numbers must rise above last, and what else is there.
func receiveNumbered(rx *prog, last *uint32, n uint32, limit time.Duration) (got uint32, fault string) {
	deadline := time.Now().Add(limit)
	for sleeps := uint32(1); got < n; sleeps++ {
		for _, f := range rx.frames() {
			number := binary.BigEndian.Uint32(f[20:])
			if number <= *last {
				return got, "a frame came twice, or late"
			}
			*last = number
			got++
		}
		rx.publish()
		rx.Ctl.Wait.Store(sleeps)
		if rx.free() == 0 && got < n {
			if left := time.Until(deadline); left <= 0 || !rx.await(left) {
				return got, "no more frames come"
			}
		}
	}
	return got, ""
}
