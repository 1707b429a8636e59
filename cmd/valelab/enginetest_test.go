package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/state"
)

// engineSocket is where the tests ask the engine beside valelab.
const engineSocket = "/var/run/docker.sock"

// needEngine skips a test on a machine without an engine. Where the tests must
// all run, it fails.
func needEngine(t *testing.T) {
	t.Helper()
	needRoot(t)
	e := docker.New()
	defer e.Close()
	if err := e.Check(t.Context()); err != nil && os.Getenv("CI") != "" {
		t.Fatalf("the tests of containers need an engine: %v", err)
	} else if err != nil {
		t.Skipf("no container engine: %v", err)
	}
}

// ask sends the engine at socket a request and decodes its answer into out,
// unless that is nil. It returns the status.
func ask(t testing.TB, socket, method, path string, body io.Reader, out any) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	req, err := http.NewRequest(method, "http://engine/v1.41"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(data, out); err != nil {
			t.Fatalf("%s %s: %v in %.200s", method, path, err, data)
		}
	}
	if resp.StatusCode >= 400 {
		t.Logf("%s %s: %s: %.300s", method, path, resp.Status, data)
	}
	return resp.StatusCode
}

// testImage imports the image of the tests, once in a run, and returns its name:
// busybox, and what the dynamic linker needs for this test binary, which is
// valelab in there.
func testImage(t *testing.T) string {
	t.Helper()
	needEngine(t)
	importImage(t, engineSocket)
	return imageName
}

var (
	imageName = fmt.Sprintf("valelab-test:%d", os.Getpid())
	imageOnce sync.Once
)

// importImage imports the image; the last test to end leaves it to removeImage.
func importImage(t testing.TB, socket string) {
	t.Helper()
	if socket != engineSocket {
		putImage(t, socket)
		return
	}
	imageOnce.Do(func() { putImage(t, socket) })
}

func putImage(t testing.TB, socket string) {
	t.Helper()
	repo, tag, _ := strings.Cut(imageName, ":")
	path := "/images/create?fromSrc=-&repo=" + repo + "&tag=" + tag + "&changes=ENV%20FROM_IMAGE%3Dyes"
	if status := ask(t, socket, "POST", path, bytes.NewReader(imageTar(t)), nil); status != http.StatusOK {
		t.Fatalf("import the test's image: status %d", status)
	}
}

// removeImage removes the image of the tests.
func removeImage() {
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", engineSocket)
		},
	}}
	req, err := http.NewRequest("DELETE", "http://engine/v1.41/images/"+imageName, nil)
	if err != nil {
		return
	}
	if resp, err := client.Do(req); err == nil {
		resp.Body.Close()
	}
}

// muslLoader is the C library of programs that are built with musl-gcc.
const muslLoader = "/lib/ld-musl-x86_64.so.1"

// imageTar is the image's file system.
func imageTar(t testing.TB) []byte {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatalf("the tests of containers need Debian's busybox-static: %v", err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name, file string) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"bin/", "etc/", "lib64/", "tmp/", "var/"} {
		if err := w.WriteHeader(&tar.Header{Name: dir, Mode: 0o1777, Typeflag: tar.TypeDir}); err != nil {
			t.Fatal(err)
		}
	}
	add("bin/busybox", busybox)
	for _, name := range []string{"sh", "sleep", "cat", "id", "ip", "ping", "hostname", "env", "mount", "kill", "true", "false", "test", "touch", "ls", "nproc", "trap", "pwd"} {
		if err := w.WriteHeader(&tar.Header{Name: "bin/" + name, Typeflag: tar.TypeSymlink, Linkname: "busybox"}); err != nil {
			t.Fatal(err)
		}
	}
	passwd := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(passwd, []byte("root:x:0:0::/:/bin/sh\nworker:x:1234:1234::/tmp:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	add("etc/passwd", passwd)
	if _, err := os.Stat(muslLoader); err == nil {
		add(strings.TrimPrefix(muslLoader, "/"), muslLoader)
	}
	for _, library := range libraries(t) {
		add(strings.TrimPrefix(library, "/"), library)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// libraries are the files that this binary is linked with; none if it is static.
func libraries(t testing.TB) []string {
	t.Helper()
	out, _ := exec.Command("ldd", "/proc/self/exe").Output() // fails for a static one
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if named, err := exec.Command("ldd", self).Output(); err == nil {
		out = named
	}
	var files []string
	for _, word := range strings.Fields(string(out)) {
		if strings.HasPrefix(word, "/") && word != self+":" {
			files = append(files, strings.TrimSuffix(word, ":"))
		}
	}
	return files
}

// container returns the name of a node's container.
func (l *liveLab) container(node string) string {
	l.t.Helper()
	return docker.Name(l.dir(), node)
}

func (l *liveLab) dir() state.Dir {
	l.t.Helper()
	dir, err := state.OpenLab(l.root, l.name)
	if err != nil {
		l.t.Fatal(err)
	}
	return dir
}

// engine asks the engine about a node's container: METHOD /containers/NAME/path.
func (l *liveLab) engine(method, node, path string, out any) int {
	l.t.Helper()
	return ask(l.t, engineSocket, method, "/containers/"+l.container(node)+path, nil, out)
}

// checkNoContainers fails the test if the engine has containers of the lab, or
// the lab has left its lasting folder.
func (l *liveLab) checkNoContainers() {
	l.t.Helper()
	var left []struct{ Names []string }
	ask(l.t, engineSocket, "GET", `/containers/json?all=1&filters={"label":["valelab.folder=`+filepath.Join(l.root, l.name)+`"]}`, nil, &left)
	for _, c := range left {
		l.t.Errorf("container %s is left", c.Names)
	}
	if _, err := os.Lstat(l.dir().LastingRoot()); err == nil {
		l.t.Errorf("folder %s is left", l.dir().LastingRoot())
	}
}
