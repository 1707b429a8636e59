package wire

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// legacy is a legacy request on its way to the switch and back into the struct that the program gave.
func legacy(t *testing.T, op uint32, l abi.Legacy) Request {
	t.Helper()
	l.Name, l.Version = [16]byte{'p'}, abi.NETMAP_API
	sent := Request{Op: op, legacy: l}
	q, err := DecodeRequest(sent.Encode())
	if err != nil {
		t.Fatalf("%+v: %v", l, err)
	}
	return q
}

func TestLegacyRegister(t *testing.T) {
	for name, tt := range map[string]struct {
		in   abi.Legacy
		port string
		want abi.ReqRegister
	}{
		"old, all":  {abi.Legacy{}, "p", abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}},
		"old, host": {abi.Legacy{RingID: abi.NETMAP_SW_RING}, "p", abi.ReqRegister{Mode: abi.NR_REG_SW}},
		"old, one":  {abi.Legacy{RingID: abi.NETMAP_HW_RING | 5}, "p", abi.ReqRegister{Mode: abi.NR_REG_ONE_NIC, RingID: 5}},
		"flags": {
			abi.Legacy{Flags: abi.NR_REG_NIC_SW | abi.NR_EXCLUSIVE, RingID: abi.NETMAP_NO_TX_POLL | abi.NETMAP_DO_RX_POLL}, "p",
			abi.ReqRegister{Mode: abi.NR_REG_NIC_SW, Flags: abi.NR_EXCLUSIVE | abi.NR_NO_TX_POLL | abi.NR_DO_RX_POLL},
		},
		"master": {abi.Legacy{Flags: abi.NR_REG_PIPE_MASTER, RingID: 4095}, "p{4095", abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}},
		"slave":  {abi.Legacy{Flags: abi.NR_REG_PIPE_SLAVE, RingID: 1}, "p}1", abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}},
		"sizes": {
			abi.Legacy{TxSlots: 1, RxSlots: 2, TxRings: 3, RxRings: 4, Arg2: 5, Arg3: 6}, "p",
			abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC, TxSlots: 1, RxSlots: 2, TxRings: 3, RxRings: 4, MemID: 5, ExtraBufs: 6},
		},
	} {
		q := legacy(t, abi.NMU_OP_REGIF, tt.in)
		if diff := cmp.Diff(&tt.want, q.Register()); diff != "" || q.Name() != tt.port {
			t.Errorf("%s: %q (-want +got):\n%s", name, q.Name(), diff)
		}
	}
}

// Each command stands for a request of today, and gets that one's answer back in its own form.
func TestLegacyCommands(t *testing.T) {
	for _, tt := range []struct {
		op   uint32
		in   abi.Legacy
		typ  uint16
		body any
		out  abi.Legacy
	}{
		{abi.NMU_OP_GINFO, abi.Legacy{Arg2: 3}, abi.NETMAP_REQ_PORT_INFO_GET,
			&abi.ReqPortInfo{Memsize: 9, MemID: 4, TxRings: 2}, abi.Legacy{Memsize: 9, Arg2: 4, TxRings: 2}},
		{abi.NMU_OP_GINFO, abi.Legacy{Cmd: abi.NETMAP_BDG_LIST, Arg1: 1}, abi.NETMAP_REQ_VALE_LIST,
			&abi.ReqList{BridgeIdx: 2, PortIdx: 7}, abi.Legacy{Cmd: abi.NETMAP_BDG_LIST, Arg1: 2, Arg2: 7}},
		{abi.NMU_OP_REGIF, abi.Legacy{}, abi.NETMAP_REQ_REGISTER,
			&abi.ReqRegister{Offset: 1, Memsize: 2, MemID: 3, ExtraBufs: 4}, abi.Legacy{Offset: 1, Memsize: 2, Arg2: 3, Arg3: 4}},
		{abi.NMU_OP_REGIF, abi.Legacy{Cmd: abi.NETMAP_BDG_ATTACH, Arg1: abi.NETMAP_BDG_HOST}, abi.NETMAP_REQ_VALE_ATTACH,
			&abi.ReqAttach{Reg: abi.ReqRegister{MemID: 3}}, abi.Legacy{Cmd: abi.NETMAP_BDG_ATTACH, Arg1: 1, Arg2: 3}},
		{abi.NMU_OP_REGIF, abi.Legacy{Cmd: abi.NETMAP_BDG_DETACH}, abi.NETMAP_REQ_VALE_DETACH,
			&abi.ReqDetach{PortIndex: 1}, abi.Legacy{Cmd: abi.NETMAP_BDG_DETACH}},
		{abi.NMU_OP_REGIF, abi.Legacy{Cmd: abi.NETMAP_BDG_VNET_HDR, Arg1: 12}, abi.NETMAP_REQ_PORT_HDR_SET,
			&abi.ReqPortHdr{HdrLen: 12}, abi.Legacy{Cmd: abi.NETMAP_BDG_VNET_HDR, Arg1: 12}},
		{abi.NMU_OP_REGIF, abi.Legacy{Cmd: abi.NETMAP_VNET_HDR_GET}, abi.NETMAP_REQ_PORT_HDR_GET,
			&abi.ReqPortHdr{HdrLen: 10}, abi.Legacy{Cmd: abi.NETMAP_VNET_HDR_GET, Arg1: 10}},
		{abi.NMU_OP_REGIF, abi.Legacy{Cmd: abi.NETMAP_BDG_NEWIF, TxSlots: 5}, abi.NETMAP_REQ_VALE_NEWIF,
			&abi.ReqNewIf{TxSlots: 6}, abi.Legacy{Cmd: abi.NETMAP_BDG_NEWIF, TxSlots: 6}},
		{abi.NMU_OP_REGIF, abi.Legacy{Cmd: abi.NETMAP_BDG_DELIF}, abi.NETMAP_REQ_VALE_DELIF,
			nil, abi.Legacy{Cmd: abi.NETMAP_BDG_DELIF}},
		{abi.NMU_OP_REGIF, abi.Legacy{Cmd: abi.NETMAP_BDG_POLLING_OFF, Flags: abi.NR_REG_ONE_NIC}, abi.NETMAP_REQ_VALE_POLLING_DISABLE,
			&abi.ReqPolling{}, abi.Legacy{Cmd: abi.NETMAP_BDG_POLLING_OFF, Flags: abi.NR_REG_ONE_NIC}},
	} {
		q := legacy(t, tt.op, tt.in)
		if q.Header.ReqType != tt.typ || (q.Body == nil) != (tt.body == nil) {
			t.Errorf("%+v: type %d, body %+v", tt.in, q.Header.ReqType, q.Body)
		}
		reply := NewReply(q)
		reply.Body = tt.body
		r, err := DecodeReply(reply.Encode(), tt.op)
		if err != nil {
			t.Fatal(err)
		}
		tt.out.Name, tt.out.Version = q.legacy.Name, abi.NETMAP_API
		if diff := cmp.Diff(tt.out, r.legacy); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestLegacyRefuses(t *testing.T) {
	for _, l := range []abi.Legacy{{Version: 13}, {Version: 14, Cmd: 3}, {Version: 14, Cmd: 8}} {
		q := Request{Op: abi.NMU_OP_REGIF, legacy: l}
		if _, err := DecodeRequest(q.Encode()); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
