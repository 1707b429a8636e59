package link

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRootSettingReadOnly writes a setting where /proc/sys is read-only, as it is
// in containers.
func TestRootSettingReadOnly(t *testing.T) {
	const name = "net/ipv6/conf/default/disable_ipv6"
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread goes with its namespaces
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET); err != nil {
				return err
			}
			if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
				return err
			}
			if err := unix.Mount("/proc/sys", "/proc/sys", "", unix.MS_BIND, ""); err != nil {
				return err
			}
			if err := unix.Mount("", "/proc/sys", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
				return err
			}
			if err := os.WriteFile("/proc/sys/"+name, []byte("1"), 0); !errors.Is(err, unix.EROFS) {
				t.Errorf("it can be written: %v", err)
			}
			return writeSetting(name, "1")
		}()
		text, err := os.ReadFile("/proc/sys/" + name)
		if err != nil || strings.TrimSpace(string(text)) != "1" {
			t.Errorf("%s is %q: %v", name, text, err)
		}
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-done
}
