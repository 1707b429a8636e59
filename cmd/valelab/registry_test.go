package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// registry is a container registry on this machine's loopback that has one
// image, the tests' file system, and counts who asks for it.
type registry struct {
	image string // its name: ADDRESS/probe:1

	mu    sync.Mutex
	pulls int // requests for the manifest
}

// digest names bytes as registries do.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// newRegistry returns a registry that lasts as long as the test.
func newRegistry(t *testing.T) *registry {
	t.Helper()
	files := imageTar(t)
	var layer bytes.Buffer
	zip := gzip.NewWriter(&layer)
	if _, err := zip.Write(files); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	encode := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	config := encode(map[string]any{
		"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digest(files)}},
	})
	const manifestType = "application/vnd.docker.distribution.manifest.v2+json"
	descriptor := func(kind string, data []byte) map[string]any {
		return map[string]any{"mediaType": "application/vnd.docker." + kind, "size": len(data), "digest": digest(data)}
	}
	manifest := encode(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": descriptor("container.image.v1+json", config),
		"layers": []any{descriptor("image.rootfs.diff.tar.gzip", layer.Bytes())},
	})
	blobs := map[string][]byte{digest(config): config, digest(layer.Bytes()): layer.Bytes()}

	r := &registry{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch path := strings.TrimPrefix(q.URL.Path, "/v2/"); {
		case path == "":
		case path == "probe/manifests/1" || path == "probe/manifests/"+digest(manifest):
			r.mu.Lock()
			r.pulls++
			r.mu.Unlock()
			w.Header().Set("Content-Type", manifestType)
			w.Header().Set("Docker-Content-Digest", digest(manifest))
			w.Write(manifest)
		case blobs[strings.TrimPrefix(path, "probe/blobs/")] != nil:
			w.Write(blobs[strings.TrimPrefix(path, "probe/blobs/")])
		default:
			http.NotFound(w, q)
		}
	}))
	t.Cleanup(server.Close)
	r.image = strings.TrimPrefix(server.URL, "http://") + "/probe:1"
	return r
}

// asked returns how often the image was asked for since the last call.
func (r *registry) asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.pulls
	r.pulls = 0
	return n
}
