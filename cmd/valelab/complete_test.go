package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/valelab/valelab/cmd/valelab/diagram"
	"github.com/valelab/valelab/netmap/pktgen"
)

func TestCompletions(t *testing.T) {
	t.Setenv("VALELAB_RUN", t.TempDir()) // no lab runs
	for line, want := range map[string]string{
		"gra":                   "graph",
		"graph --for":           "--format",
		"graph -f ":             "picture mermaid dot json",
		"graph -f=":             "-f=picture -f=mermaid -f=dot -f=json",
		"graph --ascii ":        completeLabFile, // no value is due
		"graph lab.yml ":        "",
		"graph -- -":            completeLabFile,
		"graph --lab=":          "",
		"capture --count ":      "",
		"capture --count 3 -w ": completeFile,
		"exec gen --l":          "--lab",
		"exec gen -- -":         completeFile,
		"exec gen ls -":         completeFile,
		"netmap-exec -- ":       completeFile,
		"plugin --data ":        completeFile,
		"plugin g":              "gc",
		"pktgen po":             "pong",
		"pktgen tx -":           "",
		"completion ":           "bash zsh fish",
		"completion bash ":      "",
		"help validate ":        "",
		"doctor ":               "",
		"frobnicate ":           "",
		"__":                    "",
	} {
		var names []string
		for _, c := range completions(context.Background(), strings.Split(line, " ")) {
			name, _, _ := strings.Cut(c, "\t")
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// TestCompletionsAreWords: what a shell would run when somebody takes a candidate
// without looking is not offered.
func TestCompletionsAreWords(t *testing.T) {
	g := &diagram.Graph{Links: []diagram.Link{
		{A: diagram.End{Host: "$(reboot)"}, B: diagram.End{Switch: "s"}},
		{A: diagram.End{Node: "a", Interface: "eth1"}, B: diagram.End{Switch: "s"}},
	}}
	if got := matching(endpointsOf(g), "", ""); !slices.Equal(got, []string{"a:eth1\ts"}) {
		t.Errorf("offered: %q", got)
	}
}

// TestChoices compares words that are completed with those that help explains.
func TestChoices(t *testing.T) {
	var help, faults bytes.Buffer
	if status := pktgen.Main(context.Background(), []string{"help"}, &help, &faults); status != 0 {
		t.Fatalf("pktgen help: %d %s", status, faults.String())
	}
	for text, choices := range map[string][]string{help.String(): pktgenWords, pluginHelp: pluginVerbs} {
		var explained []string
		for line := range strings.Lines(text) {
			if word, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(word, " ") && !strings.HasPrefix(word, "docker ") {
				explained = append(explained, strings.Fields(word)[0])
			}
		}
		if want := slices.DeleteFunc(slices.Clone(choices), func(c string) bool { return c == "help" }); !slices.Equal(explained, want) {
			t.Errorf("explained %q, completed %q", explained, want)
		}
	}
}
