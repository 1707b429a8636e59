package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/valelab/valelab/runtime/executor"
)

// OwnImage is the image that valelab carries in itself: the running program, and
// what a user name needs. It is imported when a node first asks for it, under
// the tag valelab:HASH, and removed with the last lab that has containers.
const OwnImage = "valelab"

// ownLabel marks images that valelab has imported.
const ownLabel = "valelab.image"

// ownFiles are what the image has besides the program.
var ownFiles = []struct {
	name string
	mode int64
	text string
}{
	{"etc/", 0o755, ""},
	{"etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/valelab\nnobody:x:65534:65534:nobody:/:/bin/valelab\n"},
	{"etc/group", 0o644, "root:x:0:\nnogroup:x:65534:\n"},
	{"root/", 0o700, ""},
	{"tmp/", 0o1777, ""},
	{"bin/", 0o755, ""},
}

// ownImage returns valelab's own image, which it imports if the engine lacks it.
func (e *Engine) ownImage(ctx context.Context) (*imageConfig, error) {
	ref, err := ownReference()
	if err != nil {
		return nil, err
	}
	config, err := e.inspectImage(ctx, ref)
	if err == nil || !isNotFound(err) {
		return config, err
	}
	if err := e.importOwn(ctx, ref); err != nil {
		return nil, err
	}
	return e.inspectImage(ctx, ref)
}

// ownReference names the image by its content.
func ownReference() (string, error) {
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", err
	}
	defer program.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, program); err != nil {
		return "", err
	}
	for _, f := range ownFiles {
		_, _ = io.WriteString(sum, f.name+"\x00"+f.text+"\x00") // a hash takes everything
	}
	return OwnImage + ":" + hex.EncodeToString(sum.Sum(nil)[:6]), nil
}

// importOwn imports the image.
func (e *Engine) importOwn(ctx context.Context, ref string) error {
	c, err := e.api()
	if err != nil {
		return err
	}
	executor.Say(ctx, "importing "+ref)
	read, write := io.Pipe()
	defer read.Close() // ends the writer when the engine has had enough
	go func() { write.CloseWithError(writeOwn(write)) }()
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	stream, err := c.ImageImport(ctx, image.ImportSource{Source: read, SourceName: "-"}, ref, image.ImportOptions{
		Changes: []string{"LABEL " + ownLabel + "=1", "ENV PATH=/bin"},
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	return readPull(stream, func(int64, int64) {})
}

// writeOwn writes the image as a tar archive.
func writeOwn(w io.Writer) error {
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer program.Close()
	info, err := program.Stat()
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	for _, f := range ownFiles {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.text))}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.WriteString(archive, f.text); err != nil {
			return err
		}
	}
	if err := archive.WriteHeader(&tar.Header{Name: "bin/valelab", Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	if _, err := io.Copy(archive, program); err != nil {
		return err
	}
	return archive.Close()
}

// removeOwnImages removes valelab's own images that no container uses.
func (e *Engine) removeOwnImages(ctx context.Context) error {
	c, err := e.api()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	found, err := c.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", ownLabel))})
	if err != nil {
		return explain(err)
	}
	for _, img := range found {
		_, err := c.ImageRemove(ctx, img.ID, image.RemoveOptions{PruneChildren: true})
		if err != nil && !isConflict(err) && !isNotFound(err) { // in use, or gone
			return explain(err)
		}
	}
	return nil
}
