package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
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
	reg.ID = 77
	*reg.Register() = abi.ReqRegister{Mode: abi.NR_REG_ONE_NIC, RingID: 3, Flags: abi.NR_NO_TX_POLL}
	info := request(t, abi.NETMAP_REQ_PORT_INFO_GET, "eth12")
	pipe := Request{Op: abi.NMU_OP_REGIF, ID: 3, legacy: abi.Legacy{
		Name: [16]byte{'e', 't', 'h', '1'}, Version: abi.NETMAP_API, Flags: abi.NR_REG_PIPE_SLAVE, RingID: 7,
	}}
	option := request(t, abi.NETMAP_REQ_REGISTER, "vale1:p")
	option.Options = []Option{
		{Option: abi.Option{ReqType: abi.NETMAP_REQ_OPT_OFFSETS, Size: 56}, Rest: make([]byte, 32)},
		{Option: abi.Option{ReqType: 99, Size: 1 << 40}},
	}

	granted := NewReply(reg)
	granted.Body = &abi.ReqRegister{
		Offset: 1024, Memsize: 42_369_024, TxSlots: 1024, RxSlots: 512, TxRings: 1, RxRings: 2,
		HostTxRings: 3, HostRxRings: 4, Mode: abi.NR_REG_ONE_NIC, RingID: 3, Flags: abi.NR_NO_TX_POLL,
	}
	granted.Grant = &abi.Grant{
		RegionSize: 42_377_216, Memsize: 42_369_024, IfOfs: 1024, RingOfs: 12288, CtlOfs: 42_369_024, BufOfs: 421_888,
		RingNum: 20, RingSize: 20480, BufNum: 20_482, BufSize: 2048, Mode: abi.NR_REG_ONE_NIC, TxRings: 1, Kind: abi.NMU_NULL,
	}
	described := NewReply(info)
	described.Body = &abi.ReqPortInfo{Memsize: 1 << 33, TxSlots: 64, RxSlots: 65, TxRings: 1, RxRings: 2, MemID: 7}
	refused := NewReply(option)
	refused.Errno = unix.EBUSY
	refused.Body = nil // a refusal carries no body
	told := Reply{Op: abi.NMU_OP_DESCRIBE, ID: 9, Grant: granted.Grant}
	return map[string]Request{
			"register": reg, "port-info": info, "pipe": pipe, "option": option, "describe": {Op: abi.NMU_OP_DESCRIBE, ID: 9},
		}, map[string]Reply{
			"granted": granted, "described": described, "refused": refused, "told": told,
		}
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
		if len(q.Encode()) > MaxRequest {
			t.Errorf("%s: %d bytes, more than MaxRequest", name, len(q.Encode()))
		}
		got, err := DecodeRequest(q.Encode())
		if err != nil || !bytes.Equal(q.Encode(), settled(got).Encode()) {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
	for name, r := range replies {
		if len(r.Encode()) > maxReply {
			t.Errorf("%s: %d bytes, more than maxReply", name, len(r.Encode()))
		}
		got, err := DecodeReply(r.Encode(), r.Op)
		if diff := cmp.Diff(r, got, cmp.AllowUnexported(Reply{})); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// settled takes back what decoding writes into a request: the statuses of its options.
func settled(q Request) *Request {
	for i := range q.Options {
		q.Options[i].Status = 0
	}
	return &q
}

// The errors are those of netmap, and the header comes along for the answer.
func TestDecodeRequestRefuses(t *testing.T) {
	const h = headSize
	for name, tt := range map[string]struct {
		change func(b []byte) []byte
		want   unix.Errno
	}{
		"empty":          {func(b []byte) []byte { return nil }, unix.EINVAL},
		"short header":   {func(b []byte) []byte { return b[:h+87] }, unix.EINVAL},
		"short body":     {func(b []byte) []byte { return b[:len(b)-1] }, unix.EINVAL},
		"long body":      {func(b []byte) []byte { return append(b, 0) }, unix.EINVAL},
		"op":             {func(b []byte) []byte { b[0] = 9; return b }, unix.EINVAL},
		"protocol":       {func(b []byte) []byte { b[4] = 9; return b }, unix.EPROTO},
		"API 13":         {func(b []byte) []byte { b[h] = 13; return b }, unix.EINVAL},
		"API 16":         {func(b []byte) []byte { b[h] = 16; return b }, unix.EINVAL},
		"type":           {func(b []byte) []byte { b[h+2] = 77; return b }, unix.EINVAL},
		"reserved":       {func(b []byte) []byte { b[h+4] = 1; return b }, unix.EINVAL},
		"no body":        {func(b []byte) []byte { b[h+80] = 0; return b }, unix.EINVAL},
		"another's body": {func(b []byte) []byte { b[h+2] = abi.NETMAP_REQ_PORT_INFO_GET; return b }, unix.EINVAL},
		"body for none":  {func(b []byte) []byte { b[h+2] = abi.NETMAP_REQ_VALE_DELIF; return b }, unix.EINVAL},
	} {
		q := request(t, abi.NETMAP_REQ_REGISTER, "eth1")
		b := tt.change(q.Encode())
		got, err := DecodeRequest(b)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if len(b) >= h+88 && got.Op != 0 && got.Header.Version != uint16(b[h]) {
			t.Errorf("%s: the header is lost", name)
		}
	}
}

// A name without an end gets one, as netmap gives it.
func TestEndlessName(t *testing.T) {
	q := request(t, abi.NETMAP_REQ_REGISTER, "eth1")
	copy(q.Header.Name[:], strings.Repeat("x", 64))
	got, err := DecodeRequest(q.Encode())
	if err != nil || got.Name() != strings.Repeat("x", 63) {
		t.Errorf("%q, %v", got.Name(), err)
	}
}

// Options that no request may have, and what each of them is told.
func TestOptions(t *testing.T) {
	csb := Option{Option: abi.Option{ReqType: abi.NETMAP_REQ_OPT_CSB}, Rest: make([]byte, 16)}
	unknown := Option{Option: abi.Option{ReqType: abi.NETMAP_REQ_OPT_MAX}}
	fds := Option{Option: abi.Option{ReqType: abi.NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS, Size: 32}, Rest: make([]byte, 8)}
	none := Option{}
	for name, tt := range map[string]struct {
		options []Option
		cut     bool
		want    unix.Errno
		status  []unix.Errno
	}{
		"known":    {[]Option{csb, fds}, false, 0, []unix.Errno{unix.EOPNOTSUPP, unix.EOPNOTSUPP}},
		"unknown":  {[]Option{unknown, unknown}, false, 0, []unix.Errno{unix.EOPNOTSUPP, unix.EOPNOTSUPP}},
		"type 0":   {[]Option{csb, none, unknown}, false, unix.EINVAL, []unix.Errno{0, unix.EINVAL, 0}},
		"twice":    {[]Option{csb, unknown, csb}, false, unix.EINVAL, []unix.Errno{unix.EINVAL, 0, unix.EINVAL}},
		"too many": {[]Option{unknown}, true, unix.EMSGSIZE, []unix.Errno{0}},
		"pointers": {slices.Repeat([]Option{unknown}, 128), false, unix.EMSGSIZE, nil},
		"fits":     {slices.Repeat([]Option{unknown}, 120), false, 0, nil},
		"first":    {[]Option{csb, csb}, true, unix.EINVAL, []unix.Errno{unix.EINVAL, unix.EINVAL}},
	} {
		q := request(t, abi.NETMAP_REQ_REGISTER, "eth1")
		q.Options, q.Cut = tt.options, tt.cut
		got, err := DecodeRequest(q.Encode())
		if (tt.want == 0) != (err == nil) || tt.want != 0 && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		for i, want := range tt.status {
			if got.Options[i].Status != uint32(want) {
				t.Errorf("%s: option %d has status %v, want %v", name, i, unix.Errno(got.Options[i].Status), want)
			}
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
		f.Add(q.Encode(), q.Op)
	}
	for _, r := range replies {
		f.Add(r.Encode(), r.Op)
	}
	f.Fuzz(func(t *testing.T, b []byte, op uint32) {
		if q, err := DecodeRequest(b); err == nil {
			again, err := DecodeRequest(q.Encode())
			if diff := cmp.Diff(q, again, cmp.AllowUnexported(Request{})); diff != "" || err != nil {
				t.Errorf("request: %v (-in +out):\n%s", err, diff)
			}
		}
		if r, err := DecodeReply(b, op%8); err == nil {
			again, err := DecodeReply(r.Encode(), op%8)
			if err != nil || !bytes.Equal(again.Encode(), r.Encode()) {
				t.Errorf("reply: %v, %+v, then %+v", err, r, again)
			}
		}
	})
}
