package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/conformance/machine/internal/report"
)

// A worker does what the order says. Its line goes to the machine that booted this one.
type worker struct {
	line  *os.File
	order report.Order
}

// work does everything. An error of its own is one of this program; what fails of valelab is a result.
func work() error {
	line, err := openLine("/dev/ttyS1")
	if err != nil {
		return err
	}
	w := &worker{line: line}
	text, err := os.ReadFile(report.OrderFile)
	if err == nil {
		err = json.Unmarshal(text, &w.order)
	}
	if err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	if !w.loadModules() {
		return w.end()
	}
	w.conformance()
	w.packages()
	w.labs()
	w.chaos()
	w.unload()
	w.kernelLog()
	return w.end()
}

func (w *worker) end() error {
	return report.Write(w.line, report.Result{Part: report.PartEnd, OK: true})
}

// tell writes a result. Where that fails there is nobody to tell it to, and the end will be missed.
func (w *worker) tell(r report.Result) {
	if err := report.Write(w.line, r); err != nil {
		fmt.Println("guest:", err)
	}
}

// openLine opens a serial line that carries bytes as they are.
func openLine(path string) (*os.File, error) {
	line, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(line.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG
	t.Iflag &^= unix.ICRNL
	if err := unix.IoctlSetTermios(int(line.Fd()), unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return line, nil
}

func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

// loadModules loads what the order names. Without them there is nothing to test.
func (w *worker) loadModules() bool {
	for _, path := range w.order.Modules {
		if err := loadModule(path); err != nil {
			w.tell(report.Result{Part: report.PartModules, Name: path, Text: err.Error()})
			return false
		}
	}
	doctor := run("", 0, nil, "valelab", "doctor")
	w.tell(report.Result{Part: report.PartModules, Name: "valelab doctor", OK: doctor.err == nil, Text: doctor.text})
	return true
}

// loadModule loads a module, which may be compressed where the kernel can undo that.
func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := 0
	if !strings.HasSuffix(path, ".ko") {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil && err != unix.EEXIST {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}
