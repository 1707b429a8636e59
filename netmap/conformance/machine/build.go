package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/valelab/valelab/netmap/conformance"
	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

// static are the flags by which go builds a program that needs no file of a system.
var static = []string{"-tags", "netgo,osusergo,kernel", "-ldflags", "-s -w -linkmode external -extldflags -static"}

const (
	modulePath = "github.com/valelab/valelab"
	labTests   = "cmd/valelab" // whose tests deploy labs
	source     = "/valelab"    // where the project's folder is in the machine
)

// build makes the archive in dir and says what is to be done with what is in it.
func build(ctx context.Context, dir string, o options) (*report.Order, string, error) {
	order := &report.Order{ChaosSeed: o.seed, Run: o.run.String()}
	programs := map[string]string{"/bin/busybox": o.busybox} // by place in the machine

	goBuild := func(at string, args ...string) error {
		out := filepath.Join(dir, strings.ReplaceAll(strings.Trim(at, "/"), "/", "-"))
		programs[at] = out
		return command(ctx, "go", slices.Concat([]string{args[0]}, args[1:len(args)-1], static, []string{"-o", out, args[len(args)-1]})...)
	}
	if err := goBuild("/init", "build", "./netmap/conformance/machine/guest"); err != nil {
		return nil, "", err
	}
	if err := goBuild("/bin/valelab", "build", "./cmd/valelab"); err != nil {
		return nil, "", err
	}
	packages, err := testedPackages(".", o.run)
	if err != nil {
		return nil, "", err
	}
	if !o.wants(report.PartTests) {
		packages = nil
	}
	labs := o.wants(report.PartLabs) || o.wants(report.PartChaos)
	build := packages
	if labs && !slices.Contains(build, labTests) {
		build = append(slices.Clone(build), labTests)
	}
	for _, p := range build {
		at := "/tests/" + strings.ReplaceAll(p, "/", "-")
		if err := goBuild(at, "test", "-c", "./"+p); err != nil {
			return nil, "", err
		}
		if slices.Contains(packages, p) {
			order.Tests = append(order.Tests, report.Tests{Package: p, Program: at, Dir: path.Join(source, p)})
		}
		if p == labTests && labs {
			order.LabsDir = path.Join(source, p)
			order.Labs, order.NoLabs = at, !o.wants(report.PartLabs)
			if o.wants(report.PartChaos) {
				order.ChaosOperations = o.operations
			}
		}
	}
	if o.wants(report.PartConformance) {
		program, err := conformance.Build(dir, "-static")
		if err != nil {
			return nil, "", err
		}
		order.Suite = "/tests/conformance"
		programs[order.Suite] = program
	}
	modules, err := o.moduleFiles()
	if err != nil {
		return nil, "", err
	}
	for _, file := range modules {
		at := "/modules/" + filepath.Base(file)
		order.Modules = append(order.Modules, at)
		programs[at] = file
	}
	text, err := json.Marshal(order)
	if err != nil {
		return nil, "", err
	}
	archive := filepath.Join(dir, "archive")
	return order, archive, pack(archive, programs, text, build)
}

func (o options) moduleFiles() ([]string, error) {
	f, err := os.Open(filepath.Join(o.modules, "modules.dep"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := readModules(f)
	if err != nil {
		return nil, err
	}
	builtin, err := os.ReadFile(filepath.Join(o.modules, "modules.builtin"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	files, err := list.order(string(builtin), wanted)
	if err != nil {
		return nil, err
	}
	for i := range files {
		files[i] = filepath.Join(o.modules, files[i])
	}
	return append(files, o.netmap), nil
}

var testOfTheModule = regexp.MustCompile(`(?m)^func (TestKernel\w*)`)

// testedPackages finds the packages that have tests for the module which are to run, by the names of these.
func testedPackages(root string, run *regexp.Regexp) ([]string, error) {
	var packages []string
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(file, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(file)
		dir := filepath.ToSlash(filepath.Dir(file))
		for _, test := range testOfTheModule.FindAllSubmatch(text, -1) {
			if run.Match(test[1]) && !slices.Contains(packages, dir) {
				packages = append(packages, dir)
			}
		}
		return err
	})
	return packages, err
}

// command runs a program of this machine.
func command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
