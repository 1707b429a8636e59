package region

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// seals keep the size of a memfd as it is: a shorter file would kill whoever touches what is gone.
const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

// newMemfd makes a sealed memfd of this size. It costs memory only where it is written.
func newMemfd(name string, size int) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("region %s: memfd_create: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	if err := f.Truncate(int64(size)); err != nil {
		f.Close()
		return nil, fmt.Errorf("region %s: %d bytes: %w", name, size, err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		f.Close()
		return nil, fmt.Errorf("region %s: seal: %w", name, err)
	}
	return f, nil
}

// mapMemfd maps a memfd after checking that it has this size and can't lose it.
func mapMemfd(f *os.File, size int) ([]byte, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", f.Name(), err)
	}
	if st.Size() != int64(size) {
		return nil, fmt.Errorf("region %s: %w: %d bytes, want %d", f.Name(), ErrMalformed, st.Size(), size)
	}
	has, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
	if err != nil || has&unix.F_SEAL_SHRINK == 0 {
		return nil, fmt.Errorf("region %s: %w: not sealed", f.Name(), ErrMalformed)
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("region %s: mmap: %w", f.Name(), err)
	}
	return mem, nil
}
