package netnstest

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// childEnv names the test that a process was started for.
const childEnv = "VALELAB_TEST_PROCESS"

// Process runs the calling test again, in a process of its own whose every
// thread is in a new network namespace. There it returns true. In the test
// that was called first it returns false once that process has ended, and has
// failed or skipped the test if the other did.
func Process(t *testing.T) bool {
	t.Helper()
	if os.Getenv(childEnv) == t.Name() {
		return true
	}
	probe := New(t) // skips where namespaces are not permitted
	probe.Close()
	args := []string{"-test.run=^" + t.Name() + "$", "-test.v"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), childEnv+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}
