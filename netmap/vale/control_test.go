package vale

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestControlUnderTraffic: ports, opens and trunks come and go and counters are read while two programs answer each
// other, who notice nothing: no frame and no wake-up is lost.
func TestControlUnderTraffic(t *testing.T) {
	e := New(Config{Workers: 2, Spin: 20 * time.Microsecond})
	t.Cleanup(func() { e.Close() })
	var switches [2]*Switch
	for i, name := range []string{"left", "right"} {
		var err error
		if switches[i], err = e.NewSwitch(name, false, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Connect(switches[0], switches[1], "t"); err != nil {
		t.Fatal(err)
	}
	a, _ := mustOpen(t, switches[0], "a", abi.NR_REG_ALL_NIC, 1, 64)
	b, _ := mustOpen(t, switches[1], "b", abi.NR_REG_ALL_NIC, 1, 64)
	ask, answer := newEcho(t, a, 1, 2), newEcho(t, b, 2, 1)

	stop, failed := make(chan struct{}), make(chan error, 4)
	var others sync.WaitGroup
	for i := range 2 {
		sock := newSocket(t)
		others.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := comeAndGo(switches[i], fmt.Sprint("p", round), sock); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	others.Go(func() {
		third, err := e.NewSwitch("third", false, nil)
		for err == nil {
			select {
			case <-stop:
				return
			default:
			}
			e.Stats()
			var trunk *Trunk
			if trunk, err = Connect(third, switches[0], "u"); err == nil {
				err = trunk.Close()
			}
		}
		failed <- err
	})
	rounds := 500
	if testing.Short() {
		rounds = 100
	}
	go func() { failed <- answer.run(rounds, false) }()
	if err := ask.run(rounds, true); err != nil {
		t.Error(err)
	}
	if err := <-failed; err != nil {
		t.Error(err)
	}
	close(stop)
	others.Wait()
	if len(failed) > 0 {
		t.Error(<-failed)
	}
}

// comeAndGo attaches a port, opens it in two parts and takes all back.
func comeAndGo(s *Switch, name string, sock int) error {
	p, err := s.AttachSocket(name, -1, sock, 1500)
	if err != nil {
		return err
	}
	nic, err := p.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 2, Slots: 64})
	if err != nil {
		return err
	}
	if _, err := p.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_SW}); err != nil {
		return err
	}
	if err := nic.Close(); err != nil {
		return err
	}
	return p.Detach()
}
