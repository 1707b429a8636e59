package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// period is the time over which processor use is counted, in microseconds;
// the kernel takes no quota below a millisecond.
const (
	period   = 100000
	minQuota = 1000
)

func (l *Lab) limitCPU(n *Node, name string, cpus float64) error {
	if cpus <= 0 {
		return nil
	}
	quota := strconv.FormatInt(max(int64(math.Round(cpus*period)), minQuota), 10)
	folder, version, err := l.controlled(n, name, "cpu", l.mounts.cpu)
	switch version {
	case 2:
		return write(folder, "cpu.max", quota+" "+strconv.Itoa(period))
	case 1:
		return errors.Join(write(folder, "cpu.cfs_period_us", strconv.Itoa(period)),
			write(folder, "cpu.cfs_quota_us", quota))
	}
	n.Missing = append(n.Missing, fmt.Sprintf("cpu limit not applied: %v", err))
	return nil
}

// limitMemory sets the limit as Docker does: the node may swap as much again
// where swap is accounted at all.
func (l *Lab) limitMemory(n *Node, name string, bytes int64) error {
	if bytes <= 0 {
		return nil
	}
	value := strconv.FormatInt(bytes, 10)
	folder, version, err := l.controlled(n, name, "memory", l.mounts.memory)
	switch version {
	case 2:
		return errors.Join(write(folder, "memory.max", value),
			writeIfThere(folder, "memory.swap.max", value))
	case 1:
		return limitLegacyMemory(folder, bytes)
	}
	n.Missing = append(n.Missing, fmt.Sprintf("memory limit not applied: %v", err))
	return nil
}

// limitLegacyMemory writes the plain limit and the one of memory and swap
// together. The kernel refuses a plain limit above the other, so on a group
// that already has limits the order depends on whether they grow or shrink.
func limitLegacyMemory(folder string, bytes int64) error {
	both := bytes * 2
	if bytes > math.MaxInt64/2 {
		both = math.MaxInt64
	}
	plain := func() error {
		return write(folder, "memory.limit_in_bytes", strconv.FormatInt(bytes, 10))
	}
	total := func() error {
		return writeIfThere(folder, "memory.memsw.limit_in_bytes", strconv.FormatInt(both, 10))
	}
	if err := plain(); err != nil {
		return errors.Join(total(), plain())
	}
	return total()
}

// unlimit takes the limits away that a node does not have.
func (l *Lab) unlimit(name string, limits Limits) error {
	var values [][3]string // hierarchy, file, value
	if limits.CPU <= 0 {
		values = append(values, [3]string{l.mounts.unified, "cpu.max", "max " + strconv.Itoa(period)},
			[3]string{l.mounts.cpu, "cpu.cfs_quota_us", "-1"})
	}
	if limits.Memory <= 0 {
		values = append(values, [3]string{l.mounts.unified, "memory.max", "max"}, [3]string{l.mounts.unified, "memory.swap.max", "max"},
			[3]string{l.mounts.memory, "memory.memsw.limit_in_bytes", "-1"}, [3]string{l.mounts.memory, "memory.limit_in_bytes", "-1"})
	}
	var faults []error
	for _, v := range values {
		if v[0] != "" {
			faults = append(faults, writeIfThere(filepath.Join(v[0], l.base, l.name, name), v[1], v[2]))
		}
	}
	return errors.Join(faults...)
}

// controlled returns the folder in which a controller's limit for the node is
// written, and its cgroup version; version 0 comes with the reason why there
// is none.
func (l *Lab) controlled(n *Node, name, controller, legacy string) (string, int, error) {
	if n.dir != nil && has(l.mounts.unified, "cgroup.controllers", controller) {
		if err := l.enable(controller); err != nil {
			return "", 0, err
		}
		return n.dir.Name(), 2, nil
	}
	if legacy == "" {
		return "", 0, fmt.Errorf("this machine has no %s cgroup controller", controller)
	}
	folder := filepath.Join(legacy, l.base, l.name, name)
	if err := makeFolder(folder); err != nil {
		return "", 0, err
	}
	if !slices.Contains(n.legacy, folder) {
		n.legacy = append(n.legacy, folder)
	}
	return folder, 1, nil
}

// enable hands a cgroup2 controller down to the lab's nodes. Inside a container
// the kernel refuses that while processes are in the topmost group.
func (l *Lab) enable(controller string) error {
	for _, below := range []string{"", l.base, filepath.Join(l.base, l.name)} {
		folder := filepath.Join(l.mounts.unified, below)
		if has(folder, "cgroup.subtree_control", controller) {
			continue
		}
		if err := write(folder, "cgroup.subtree_control", "+"+controller); err != nil {
			return fmt.Errorf("cannot hand the %s controller down: %w", controller, err)
		}
	}
	return nil
}

// has tells whether a list file of a group names the word.
func has(folder, file, word string) bool {
	text, err := os.ReadFile(filepath.Join(folder, file))
	return err == nil && slices.Contains(strings.Fields(string(text)), word)
}

// writeIfThere is write, but a file that this kernel does not have is fine.
func writeIfThere(folder, file, value string) error {
	if err := write(folder, file, value); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
