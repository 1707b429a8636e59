//go:build kernel

package main

import (
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/valelab/valelab/topology"
)

// TestKernelSpeed sends frames of 60 bytes from one program to another as fast as it goes: through the user-space
// switch and through the module's, in the same lab, and through the module without a lab. It is an emulated machine
// that it runs in: the rates say something of each other only.
func TestKernelSpeed(t *testing.T) {
	for _, backend := range []string{topology.NetmapUser, topology.NetmapKernel} {
		t.Run(backend, func(t *testing.T) {
			l := deployOn(t, "../../labs/txrx.yml", backend)
			await(t, func() string { return missing(l.valelab("logs", "rxc", "--lab", l.name), "Mpps", "kpps", " pps") })
			l.in("txc", "sleep", "4")
			l.stop("txc", "sent")
			l.stop("rxc", "received")
			logRates(t, "netmap: "+backend, l.valelab("logs", "txc", "--lab", l.name), l.valelab("logs", "rxc", "--lab", l.name))
		})
	}
	t.Run("bare", func(t *testing.T) {
		pktgen := func(args ...string) *exec.Cmd {
			return exec.Command("valelab", append([]string{"pktgen"}, append(args, "--interval", "0")...)...)
		}
		var rx, tx []byte
		var errs [2]error
		var both sync.WaitGroup
		both.Go(func() {
			rx, errs[0] = pktgen("rx", "-i", "valespeed:rx", "--duration", "6s").CombinedOutput()
		})
		both.Go(func() {
			tx, errs[1] = pktgen("tx", "-i", "valespeed:tx", "--size", "60", "--duration", "5s").CombinedOutput()
		})
		both.Wait()
		for _, err := range errs {
			if err != nil {
				t.Errorf("%v\n%s%s", err, tx, rx)
			}
		}
		logRates(t, "the module without a lab", string(tx), string(rx))
	})
}

// missing says that none of these is in the text yet.
func missing(text string, words ...string) string {
	for _, w := range words {
		if strings.Contains(text, w) {
			return ""
		}
	}
	return "none of " + strings.Join(words, ", ") + " in:\n" + text
}

// logRates logs what the summaries of a sender and a receiver say, as the runner looks for it.
func logRates(t *testing.T, what, tx, rx string) {
	t.Helper()
	var rates [2]float64
	for i, text := range []string{tx, rx} {
		m := trafficReport.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no summary in:\n%s", text)
		}
		n, _ := strconv.ParseFloat(m[2], 64)
		seconds, _ := strconv.ParseFloat(m[4], 64)
		if n == 0 || seconds == 0 {
			t.Errorf("%s: %s", what, m[0])
			continue
		}
		rates[i] = n / seconds / 1e6
	}
	t.Logf("measured: %-25s %.2f Mpps sent, %.2f Mpps received", what, rates[0], rates[1])
}
