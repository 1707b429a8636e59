package main

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// wanted are the modules that labs need, as far as the kernel has them as modules.
var wanted = []string{"veth", "tun", "sch_ingress", "cls_bpf", "act_bpf", "af_packet"}

// needed must be there, or be built in.
var needed = []string{"veth", "tun"}

// A moduleList is what modules.dep says: the file of each module, and those that it needs.
type moduleList struct {
	files map[string]string // by name
	needs map[string][]string
}

// readModules reads modules.dep: "kernel/net/x.ko: kernel/net/y.ko kernel/lib/z.ko".
func readModules(r io.Reader) (*moduleList, error) {
	l := &moduleList{files: map[string]string{}, needs: map[string][]string{}}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		file, needs, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			continue
		}
		name := moduleName(file)
		l.files[name] = file
		for _, need := range strings.Fields(needs) {
			l.needs[name] = append(l.needs[name], moduleName(need))
		}
	}
	return l, lines.Err()
}

// moduleName is the name of the module in a file: act_bpf of net/sched/act-bpf.ko.xz.
func moduleName(file string) string {
	name, _, _ := strings.Cut(filepath.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// order lists the files to load for these modules, whatever a module needs before it. Names that are in builtin, the
// text of modules.builtin, need no file; one that is nowhere is an error if the labs can't do without it.
func (l *moduleList) order(builtin string, names []string) ([]string, error) {
	var files []string
	var add func(name string)
	add = func(name string) {
		file, ok := l.files[name]
		if !ok || slices.Contains(files, file) {
			return
		}
		for _, need := range slices.Backward(l.needs[name]) { // modules.dep has the nearest first
			add(need)
		}
		files = append(files, file)
	}
	inKernel := map[string]bool{}
	for line := range strings.Lines(builtin) {
		inKernel[moduleName(strings.TrimSpace(line))] = true
	}
	for _, name := range names {
		if l.files[name] == "" && !inKernel[name] && slices.Contains(needed, name) {
			return nil, fmt.Errorf("module %s is not among the kernel's modules", name)
		}
		add(name)
	}
	return files, nil
}
