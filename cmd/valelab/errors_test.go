package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
)

func TestReport(t *testing.T) {
	hinted := &runtime.HintError{Err: errors.New("interface eth3: is an uplink of lab b"), Hint: "valelab destroy b"}
	for name, test := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"nothing":           {nil, statusDone, ""},
		"reported already":  {exitStatus(7), 7, ""},
		"failed":            {hinted, statusFailed, "valelab: interface eth3: is an uplink of lab b\nhint: valelab destroy b\n"},
		"wrong":             {usagef("valelab help", "no command is given"), statusUsage, "valelab: no command is given\nhint: valelab help\n"},
		"interrupted":       {fmt.Errorf("ask: %w", context.Canceled), statusFailed, "valelab: interrupted\n"},
		"deploy fails":      {&runtime.Error{Cause: hinted}, statusFailed, "valelab: interface eth3: is an uplink of lab b\nhint: valelab destroy b\n"},
		"deploy, SIGINT":    {&runtime.Error{Cause: context.Canceled}, statusFailed, "valelab: interrupted\n"},
		"SIGINT and a fail": {&runtime.Error{Cause: multierror.Append(context.Canceled, hinted)}, statusFailed, "valelab: interrupted\nvalelab: interface eth3: is an uplink of lab b\nhint: valelab destroy b\n"},
		"nobody answers": {
			&agent.NoAgentError{Lab: "a", Err: unix.ECONNREFUSED}, statusFailed,
			"valelab: lab a: its agent does not answer: connection refused\nhint: valelab deploy a\n",
		},
		"something is left": {
			&runtime.Error{Cause: context.Canceled, Left: errors.New("node a: does not end")}, statusFailed,
			"valelab: interrupted\nvalelab: not taken back: node a: does not end\n",
		},
	} {
		var text strings.Builder
		if status := report(streams{err: &text}, test.err); status != test.status || text.String() != test.text {
			t.Errorf("%s: status %d, text\n%swant %d\n%s", name, status, text.String(), test.status, test.text)
		}
	}
}
