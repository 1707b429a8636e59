package node

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// initFiles are the descriptors between Start and init; node.h lists init's.
type initFiles struct {
	config *os.File // write end of the start pipe
	ready  *os.File // read end of init's answer
	child  []int    // init's, in the order of node.h
}

// openInitFiles makes them. All are closed on exec; init gets copies.
func openInitFiles(cfg *Config) (*initFiles, error) {
	f := &initFiles{}
	if err := f.open(stateDir(cfg.LabDir, cfg.Name), publicDir(cfg.LabDir, cfg.Name)); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *initFiles) open(state, public string) error {
	var config, ready [2]int
	if err := unix.Pipe2(config[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	f.child = append(f.child, config[0])
	if err := ours(&f.config, config[1]); err != nil {
		return err
	}
	if err := unix.Pipe2(ready[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	f.child = append(f.child, ready[1])
	if err := ours(&f.ready, ready[0]); err != nil {
		return err
	}
	for _, open := range []func() (int, error){
		func() (int, error) {
			return unix.Open(filepath.Join(state, "log"), unix.O_WRONLY|unix.O_APPEND|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		},
		func() (int, error) { return unix.Open(state, unix.O_DIRECTORY|unix.O_CLOEXEC, 0) },
		// Mounts of this mount namespace: init's own copies of them differ, and
		// the binary's path may be that of another file by now.
		func() (int, error) {
			return unix.OpenTree(unix.AT_FDCWD, "/proc/self/exe", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		},
		func() (int, error) {
			return unix.OpenTree(unix.AT_FDCWD, public, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		},
	} {
		fd, err := open()
		if err != nil {
			return fmt.Errorf("files for init: %w", err)
		}
		f.child = append(f.child, fd)
	}
	return nil
}

// ours makes a file that deadlines work on.
func ours(file **os.File, fd int) error {
	err := unix.SetNonblock(fd, true)
	*file = os.NewFile(uintptr(fd), "pipe")
	return err
}

// forChild returns the descriptors as ForkExec wants them.
func (f *initFiles) forChild() []uintptr {
	var files []uintptr
	for _, fd := range f.child {
		files = append(files, uintptr(fd))
	}
	return files
}

// closeChildEnds leaves init the only holder of its ends, so that either side
// notices the other's death.
func (f *initFiles) closeChildEnds() {
	for _, fd := range f.child {
		unix.Close(fd)
	}
	f.child = nil
}

func (f *initFiles) close() {
	f.closeChildEnds()
	for _, file := range []*os.File{f.config, f.ready} {
		if file != nil {
			file.Close()
		}
	}
}
