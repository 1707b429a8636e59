package kernel

import (
	"bytes"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// newHeader begins a request. A name that is too long for one is EINVAL.
func newHeader(kind uint16, name string) (*abi.ReqHeader, error) {
	h := &abi.ReqHeader{Version: abi.NETMAP_API, ReqType: kind}
	if len(name) >= len(h.Name) {
		return h, unix.EINVAL
	}
	copy(h.Name[:], name)
	return h, nil
}

// nameOf is the name in a header.
func nameOf(h *abi.ReqHeader) string {
	name, _, _ := bytes.Cut(h.Name[:], []byte{0})
	return string(name)
}
