package report

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	results := []Result{
		{Part: PartConformance, Name: "a", Backend: "kernel", OK: true},
		{Part: PartConformance, Name: "b", Backend: "kernel"},
		{Part: PartLabs, Name: "ping", Backend: "user", OK: true, Seconds: 2},
		{Part: PartLabs, Name: "ping", Backend: "kernel"},
		{Part: PartLabs, Name: "wire", Backend: "user", OK: true, Seconds: 1},
		{Part: PartTests, Name: "TestKernelSpeed", OK: true, Text: "    x_test.go:1: measured: 3 Mpps\n"},
		{Part: PartEnd, OK: true},
	}
	var out strings.Builder
	const want = `LAB   NETMAP: USER  NETMAP: KERNEL
ping  ok 2.0 s      FAIL
wire  ok 1.0 s      NOT RUN
conformance: 1 of 2 good
tests: 1 of 1 good
3 Mpps
`
	if n := Summary(&out, results, []string{"ping", "wire"}); n != 3 || out.String() != want {
		t.Errorf("%d failures:\n%s", n, &out)
	}
	// A machine that stops in the middle has failed, whatever it has said before.
	if n := Summary(&out, results[:1], nil); n != 1 {
		t.Errorf("%d failures", n)
	}
}
