package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime"
)

// events are those of a deploy of two steps of which one fails.
var events = []runtime.Event{
	{Step: "lab", Phase: runtime.Started, Total: 2},
	{Step: "lab", Phase: runtime.Done, Elapsed: 12 * time.Millisecond, Ended: 1, Total: 2},
	{Step: "switch/s", Phase: runtime.Started, Ended: 1, Total: 2},
	{Step: "switch/s", Phase: runtime.Failed, Err: errors.New("no room"), Ended: 1, Total: 2},
	{Step: "lab", Phase: runtime.Undoing, Total: 1},
	{Step: "lab", Phase: runtime.Undone, Elapsed: 3 * time.Millisecond, Ended: 1, Total: 1},
}

func TestProgressPlain(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, "deploy l")
	for _, e := range events {
		p.show(e)
	}
	p.clear()
	want := "lab done (12ms)\nswitch/s failed: no room\nlab undone (3ms)\n"
	if out.String() != want {
		t.Errorf("progress:\n%swant:\n%s", out.String(), want)
	}
}

func TestProgressLive(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, "deploy l")
	p.width = func() int { return 24 }
	for _, e := range events {
		p.drawn = time.Time{}
		p.show(e)
	}
	p.clear()
	want := strings.Join([]string{
		"\rdeploy l: 0 of 2  lab\x1b[K",
		"\rdeploy l: 1 of 2  \x1b[K",
		"\rdeploy l: 1 of 2  switc\x1b[K",
		"\r\x1b[Kswitch/s failed: no room\n",
		"\rundo: 0 of 1  lab\x1b[K",
		"\rundo: 1 of 1  \x1b[K",
		"\r\x1b[K",
	}, "")
	if out.String() != want {
		t.Errorf("progress:\n%q\nwant:\n%q", out.String(), want)
	}
}
