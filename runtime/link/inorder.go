package link

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// inOrder has one processor receive all that comes by a device of the namespace
// behind file. Otherwise the kernel queues a veth's frames on the processor that
// the sender runs on, and they change places when the sender moves to another. The
// trunk of two switches must not do that. A kernel that can't steer does without.
func inOrder(file *os.File, device string) error {
	mask, err := oneProcessor(device)
	if err != nil {
		return err
	}
	return withSysfs(file, func() error {
		err := os.WriteFile(steering(device), []byte(mask), 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// steering is where sysfs says which processors receive for a device.
func steering(device string) string { return "/sys/class/net/" + device + "/queues/rx-0/rps_cpus" }

// oneProcessor is the mask of a processor that this process may run on, as sysfs
// has it: groups of 32, the last one first. Each device has its own, as far as
// there are enough.
func oneProcessor(device string) (string, error) {
	var may unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return "", fmt.Errorf("processors: %w", err)
	}
	hash := fnv.New32a()
	hash.Write([]byte(device))
	nth := int(hash.Sum32() % uint32(may.Count()))
	cpu := 0
	for ; ; cpu++ {
		if !may.IsSet(cpu) {
			continue
		}
		if nth == 0 {
			break
		}
		nth--
	}
	return fmt.Sprintf("%x", 1<<(cpu%32)) + strings.Repeat(",00000000", cpu/32), nil
}

// withSysfs calls f on a thread that is in the network namespace behind file, and
// sees its devices in /sys. The thread is thrown away, and its mounts with it.
func withSysfs(file *os.File, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = unix.Mount("valelab", "/sys", "sysfs", 0, "")
		}
		if errors.Is(err, unix.EBUSY) {
			err = nil // it is this namespace's already
		}
		if err != nil {
			err = fmt.Errorf("sysfs of a network namespace: %w", err)
		} else {
			err = f()
		}
		done <- err
	}()
	return <-done
}
