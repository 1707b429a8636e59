package wire

import (
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func request(t testing.TB, reqType uint16, name string) Request {
	t.Helper()
	q, err := NewRequest(reqType, name)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func samples(t testing.TB) (map[string]Request, map[string]Reply) {
	reg := request(t, abi.NETMAP_REQ_REGISTER, "eth1")
	reg.Register = abi.ReqRegister{Mode: abi.NR_REG_ONE_NIC, RingID: 3, Flags: abi.NR_NO_TX_POLL}
	info := request(t, abi.NETMAP_REQ_PORT_INFO_GET, "eth12")

	granted := NewReply(reg)
	granted.Register.Offset, granted.Register.Memsize = 1024, 42_369_024
	granted.Register.TxSlots, granted.Register.RxSlots = 1024, 512
	granted.Register.TxRings, granted.Register.RxRings = 1, 2
	granted.Register.HostTxRings, granted.Register.HostRxRings = 3, 4
	granted.Grant = abi.Grant{
		RegionSize: 42_377_216, CtlOfs: 42_369_024, BufOfs: 421_888, BufNum: 20_482, BufSize: 2048, CtlNum: 4,
	}
	described := NewReply(info)
	described.PortInfo = abi.ReqPortInfo{Memsize: 1 << 33, TxSlots: 64, RxSlots: 65, TxRings: 1, RxRings: 2, MemID: 7}
	refused := NewReply(reg)
	refused.Errno = unix.EBUSY
	refused.Register = abi.ReqRegister{} // a refusal carries no body
	return map[string]Request{"register": reg, "port-info": info},
		map[string]Reply{"granted": granted, "described": described, "refused": refused}
}

// golden compares bytes with testdata/NAME.hex.
func golden(t *testing.T, name string, b []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".hex")
	dump := hex.Dump(b)
	if *update {
		if err := os.WriteFile(path, []byte(dump), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), dump); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestGolden(t *testing.T) {
	requests, replies := samples(t)
	for name, q := range requests {
		golden(t, "request-"+name, q.Encode())
	}
	for name, r := range replies {
		golden(t, "reply-"+name, r.Encode())
	}
}

func TestRoundTrip(t *testing.T) {
	requests, replies := samples(t)
	for name, q := range requests {
		if len(q.Encode()) > maxRequest {
			t.Errorf("%s: %d bytes, more than maxRequest", name, len(q.Encode()))
		}
		got, err := DecodeRequest(q.Encode())
		if diff := cmp.Diff(q, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	for name, r := range replies {
		if len(r.Encode()) > maxReply {
			t.Errorf("%s: %d bytes, more than maxReply", name, len(r.Encode()))
		}
		got, err := DecodeReply(r.Encode())
		if diff := cmp.Diff(r, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// The errors are those of netmap, and the header comes along for the answer.
func TestDecodeRequestRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(b []byte) []byte
		want   unix.Errno
	}{
		"empty":          {func(b []byte) []byte { return nil }, unix.EINVAL},
		"short header":   {func(b []byte) []byte { return b[:95] }, unix.EINVAL},
		"short body":     {func(b []byte) []byte { return b[:len(b)-1] }, unix.EINVAL},
		"long body":      {func(b []byte) []byte { return append(b, 0) }, unix.EINVAL},
		"op":             {func(b []byte) []byte { b[0] = 9; return b }, unix.EINVAL},
		"protocol":       {func(b []byte) []byte { b[4] = 9; return b }, unix.EPROTO},
		"API 13":         {func(b []byte) []byte { b[8] = 13; return b }, unix.EINVAL},
		"API 16":         {func(b []byte) []byte { b[8] = 16; return b }, unix.EINVAL},
		"type":           {func(b []byte) []byte { b[10] = 77; return b }, unix.EINVAL},
		"reserved":       {func(b []byte) []byte { b[12] = 1; return b }, unix.EINVAL},
		"endless name":   {func(b []byte) []byte { copy(b[16:80], strings.Repeat("x", 64)); return b }, unix.EINVAL},
		"another's body": {func(b []byte) []byte { b[10] = abi.NETMAP_REQ_PORT_INFO_GET; return b }, unix.EINVAL},
	} {
		q := request(t, abi.NETMAP_REQ_REGISTER, "eth1")
		b := tt.change(q.Encode())
		got, err := DecodeRequest(b)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if len(b) >= 96 && got.Header.Version != uint16(b[8]) {
			t.Errorf("%s: the header is lost", name)
		}
	}
}

func TestNewRequestLongName(t *testing.T) {
	if _, err := NewRequest(abi.NETMAP_REQ_REGISTER, strings.Repeat("x", 64)); err == nil {
		t.Error("a name of 64 bytes is taken")
	}
}

// FuzzDecode: a message is either refused or is exactly what encoding the decoded value gives.
func FuzzDecode(f *testing.F) {
	requests, replies := samples(f)
	for _, q := range requests {
		f.Add(q.Encode())
	}
	for _, r := range replies {
		f.Add(r.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := DecodeRequest(b); err == nil {
			if diff := cmp.Diff(b, q.Encode()); diff != "" {
				t.Errorf("request (-in +out):\n%s", diff)
			}
		}
		if r, err := DecodeReply(b); err == nil {
			if diff := cmp.Diff(b, r.Encode()); diff != "" {
				t.Errorf("reply (-in +out):\n%s", diff)
			}
		}
	})
}
