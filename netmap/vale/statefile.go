package vale

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// stateFile is the persistent state of a switch and the sealed memfd it lies in.
type stateFile struct {
	*core.State
	file *os.File
	mem  []byte
}

// stateSeals keep the file as long as it is: a shorter one would kill who maps it.
const stateSeals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

// createState makes an empty state. The file is sparse: ports cost memory once they are used.
func createState(name string, wire bool) (*stateFile, error) {
	fd, err := unix.MemfdCreate("vale-state-"+name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "state of "+name)
	if err := unix.Ftruncate(fd, int64(core.StateSize)); err != nil {
		f.Close()
		return nil, os.NewSyscallError("ftruncate", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, stateSeals); err != nil {
		f.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	mem, err := mapState(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &stateFile{core.NewState(mem, wire), f, mem}, nil
}

// loadState takes over what another engine has left. On success the file is the state's.
func loadState(f *os.File, wire bool) (*stateFile, error) {
	mem, err := mapState(f)
	if err != nil {
		return nil, err
	}
	s, err := core.LoadState(mem, wire)
	if err != nil {
		unix.Munmap(mem)
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return &stateFile{s, f, mem}, nil
}

func mapState(f *os.File) ([]byte, error) {
	fd := int(f.Fd())
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil || seals&unix.F_SEAL_SHRINK == 0 || st.Size != int64(core.StateSize) {
		return nil, fmt.Errorf("%w: not a sealed file of %d bytes", ErrInvalid, core.StateSize)
	}
	mem, err := unix.Mmap(fd, 0, core.StateSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return mem, nil
}

func (s *stateFile) close() error {
	err := unix.Munmap(s.mem)
	if cerr := s.file.Close(); err == nil {
		err = cerr
	}
	return err
}
