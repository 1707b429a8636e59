package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func main() {
	if os.Getpid() != 1 && (len(os.Args) != 2 || os.Args[1] != "work") {
		fmt.Fprintln(os.Stderr, "guest: this is the init of the emulated machine of make test-kernel")
		os.Exit(2)
	}
	if os.Getpid() != 1 {
		if err := work(); err != nil {
			fmt.Fprintln(os.Stderr, "guest:", err)
			os.Exit(1)
		}
		return
	}
	if err := mountAll(); err != nil {
		fmt.Println("guest:", err)
	} else if err := collect(); err != nil {
		fmt.Println("guest:", err)
	}
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Println("guest: power off:", err)
	}
}

// collect starts the worker and waits for every process that loses its parent, until the worker ends.
func collect() error {
	worker, err := os.StartProcess("/init", []string{"guest", "work"}, &os.ProcAttr{
		Env: environment(), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return err
	}
	for {
		pid, err := unix.Wait4(-1, nil, 0, nil)
		if err != nil && err != unix.EINTR {
			return err
		}
		if pid == worker.Pid {
			return nil
		}
	}
}

func environment() []string {
	return []string{"PATH=/bin", "HOME=/root", "TMPDIR=/tmp", "LC_ALL=C"}
}
