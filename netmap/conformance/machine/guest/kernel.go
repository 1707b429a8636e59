package main

import (
	"errors"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

// unloadModule takes a module away. The last file of it may be on its way to be closed: a few seconds' grace.
func unloadModule(name string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := unix.DeleteModule(name, unix.O_NONBLOCK)
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return err
		}
	}
}

// kernelLog tells what the kernel said. Nothing that valelab does may make it complain.
func (w *worker) kernelLog() {
	log, err := readKernelLog()
	if err != nil {
		w.tell(report.Result{Part: report.PartLog, Name: "kernel log", Text: err.Error()})
		return
	}
	complaints := complaintsIn(log)
	w.tell(report.Result{
		Part: report.PartLog, Name: "kernel log", OK: len(complaints) == 0, Text: strings.Join(complaints, "\n"),
	})
}

// readKernelLog reads all records of /dev/kmsg, which gives one for each read.
func readKernelLog() ([]string, error) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/dev/kmsg", Err: err}
	}
	defer unix.Close(fd)
	var log []string
	record := make([]byte, 8192)
	for {
		n, err := unix.Read(fd, record)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return log, nil
		case errors.Is(err, unix.EPIPE): // records were overwritten in the meantime
		case err != nil:
			return nil, &os.PathError{Op: "read", Path: "/dev/kmsg", Err: err}
		default: // "PRIORITY,NUMBER,TIME,FLAGS;TEXT\n KEY=VALUE..."
			_, text, _ := strings.Cut(string(record[:n]), ";")
			text, _, _ = strings.Cut(text, "\n")
			log = append(log, text)
		}
	}
}

// complaintsIn finds what the kernel finds wrong with itself, each with the lines that follow.
func complaintsIn(log []string) []string {
	var found []string
	follow := 0
	for _, line := range log {
		for _, word := range []string{"WARNING: ", "BUG: ", "Oops", "general protection fault", "blocked for more than", "soft lockup"} {
			if strings.Contains(line, word) {
				follow = 25
			}
		}
		if follow > 0 {
			follow--
			found = append(found, line)
		}
	}
	return found
}
