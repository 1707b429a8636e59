package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The test binary is also the processes that a measurement starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "switch" || os.Args[1] == "pktgen") {
		main()
		return
	}
	os.Exit(m.Run())
}

// A short measurement of everything: what it finds does not matter, that it
// finds it does.
func TestBench(t *testing.T) {
	if _, err := processors(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	if status := run(ctx, []string{"-rounds", "1", "-time", "100ms"}, &stdout, &stderr); status != 0 || stderr.Len() > 0 {
		t.Fatalf("status %d\n%s%s", status, &stdout, &stderr)
	}
	for _, line := range []string{
		`(?m)^    1    60 +\d+ \.\. \d+ +\d+% +(near|moved|far|disturbed) +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d\.\d+$`,
		`(?m)^    1  1514 `,
		`(?m)^  60 bytes, (near|moved|far|disturbed) +\(1 of 1 rounds\): received `,
	} {
		if !regexp.MustCompile(line).Match(stdout.Bytes()) {
			t.Errorf("no line like %q in\n%s", line, &stdout)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range []string{"-rounds 0", "-time 1ms", "-sizes 59", "-sizes 60,", "more", "-fast"} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), strings.Fields(args), &stdout, &stderr); status != 2 || stderr.Len() == 0 || stdout.Len() > 0 {
			t.Errorf("%s: status %d\n%s%s", args, status, &stdout, &stderr)
		}
	}
}
