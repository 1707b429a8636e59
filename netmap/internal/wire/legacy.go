package wire

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// fromLegacy fills in the header and body that a legacy request stands for.
func fromLegacy(q *Request) error {
	l := &q.legacy
	if l.Version < abi.NETMAP_MIN_API {
		return fmt.Errorf("legacy request of netmap API %d: %w", l.Version, unix.EINVAL)
	}
	name, _, _ := bytes.Cut(l.Name[:len(l.Name)-1], []byte{0})
	h := &q.Header
	h.Version = abi.NETMAP_API
	copy(h.Name[:], name)
	if q.Op == abi.NMU_OP_GINFO {
		if l.Cmd == abi.NETMAP_BDG_LIST {
			h.ReqType = abi.NETMAP_REQ_VALE_LIST
			q.Body = &abi.ReqList{BridgeIdx: l.Arg1, PortIdx: uint32(l.Arg2)}
			return nil
		}
		h.ReqType = abi.NETMAP_REQ_PORT_INFO_GET
		q.Body = &abi.ReqPortInfo{
			Memsize: uint64(l.Memsize), TxSlots: l.TxSlots, RxSlots: l.RxSlots, TxRings: l.TxRings, RxRings: l.RxRings,
			MemID: l.Arg2,
		}
		return nil
	}
	switch l.Cmd {
	case 0:
		h.ReqType = abi.NETMAP_REQ_REGISTER
		body := registerFromLegacy(l)
		q.Body = &body
		return pipeName(h, &body)
	case abi.NETMAP_BDG_ATTACH:
		h.ReqType = abi.NETMAP_REQ_VALE_ATTACH
		body := &abi.ReqAttach{Reg: registerFromLegacy(l)}
		body.Reg.Mode = abi.NR_REG_ALL_NIC
		if l.Arg1&abi.NETMAP_BDG_HOST != 0 {
			body.Reg.Mode = abi.NR_REG_NIC_SW
		}
		q.Body = body
	case abi.NETMAP_BDG_DETACH:
		h.ReqType = abi.NETMAP_REQ_VALE_DETACH
		q.Body = &abi.ReqDetach{}
	case abi.NETMAP_BDG_VNET_HDR:
		h.ReqType = abi.NETMAP_REQ_PORT_HDR_SET
		q.Body = &abi.ReqPortHdr{HdrLen: uint32(l.Arg1)}
	case abi.NETMAP_VNET_HDR_GET:
		h.ReqType = abi.NETMAP_REQ_PORT_HDR_GET
		q.Body = &abi.ReqPortHdr{}
	case abi.NETMAP_BDG_NEWIF:
		h.ReqType = abi.NETMAP_REQ_VALE_NEWIF
		q.Body = &abi.ReqNewIf{
			TxSlots: l.TxSlots, RxSlots: l.RxSlots, TxRings: l.TxRings, RxRings: l.RxRings, MemID: l.Arg2,
		}
	case abi.NETMAP_BDG_DELIF:
		h.ReqType = abi.NETMAP_REQ_VALE_DELIF
	case abi.NETMAP_BDG_POLLING_ON, abi.NETMAP_BDG_POLLING_OFF:
		h.ReqType = abi.NETMAP_REQ_VALE_POLLING_ENABLE
		if l.Cmd == abi.NETMAP_BDG_POLLING_OFF {
			h.ReqType = abi.NETMAP_REQ_VALE_POLLING_DISABLE
		}
		q.Body = pollingFromLegacy(l)
	default:
		return fmt.Errorf("legacy request with command %d: %w", l.Cmd, unix.EINVAL)
	}
	return nil
}

// registerFromLegacy is the body of NETMAP_REQ_REGISTER. Its mode may be one of pipes: see pipeName.
func registerFromLegacy(l *abi.Legacy) abi.ReqRegister {
	r := abi.ReqRegister{
		Offset: uint64(l.Offset), Memsize: uint64(l.Memsize), TxSlots: l.TxSlots, RxSlots: l.RxSlots,
		TxRings: l.TxRings, RxRings: l.RxRings, MemID: l.Arg2, RingID: l.RingID & abi.NETMAP_RING_MASK,
		Mode: l.Flags & abi.NR_REG_MASK, ExtraBufs: l.Arg3, Flags: uint64(l.Flags &^ abi.NR_REG_MASK),
	}
	if r.Mode == abi.NR_REG_DEFAULT {
		switch {
		case l.RingID&abi.NETMAP_SW_RING != 0:
			r.Mode = abi.NR_REG_SW
		case l.RingID&abi.NETMAP_HW_RING != 0:
			r.Mode = abi.NR_REG_ONE_NIC
		default:
			r.Mode = abi.NR_REG_ALL_NIC
		}
	}
	if l.RingID&abi.NETMAP_NO_TX_POLL != 0 {
		r.Flags |= abi.NR_NO_TX_POLL
	}
	if l.RingID&abi.NETMAP_DO_RX_POLL != 0 {
		r.Flags |= abi.NR_DO_RX_POLL
	}
	return r
}

// pipeName turns a mode of pipes into the name that says the same today.
func pipeName(h *abi.ReqHeader, r *abi.ReqRegister) error {
	end := "{"
	switch r.Mode {
	case abi.NR_REG_PIPE_MASTER:
	case abi.NR_REG_PIPE_SLAVE:
		end = "}"
	default:
		return nil
	}
	at := bytes.IndexByte(h.Name[:], 0) // a legacy name is far shorter
	copy(h.Name[at:], fmt.Sprintf("%s%d", end, r.RingID))
	r.Mode, r.RingID = abi.NR_REG_ALL_NIC, 0
	return nil
}

func pollingFromLegacy(l *abi.Legacy) *abi.ReqPolling {
	body := &abi.ReqPolling{FirstCPU: uint32(l.RingID & abi.NETMAP_RING_MASK), NumCPUs: uint32(l.Arg1)}
	switch l.Flags & abi.NR_REG_MASK {
	case abi.NR_REG_ONE_NIC:
		body.Mode = abi.NETMAP_POLLING_MODE_MULTI_CPU
	case abi.NR_REG_ALL_NIC:
		body.Mode = abi.NETMAP_POLLING_MODE_SINGLE_CPU
	}
	return body
}

// toLegacy writes back what a legacy program expects of a request that was carried out.
func toLegacy(l *abi.Legacy, h *abi.ReqHeader, body any) {
	switch b := body.(type) {
	case *abi.ReqRegister:
		registerToLegacy(l, b)
	case *abi.ReqAttach:
		registerToLegacy(l, &b.Reg)
	case *abi.ReqPortInfo:
		l.Memsize, l.Arg2 = uint32(b.Memsize), b.MemID
		l.TxSlots, l.RxSlots, l.TxRings, l.RxRings = b.TxSlots, b.RxSlots, b.TxRings, b.RxRings
	case *abi.ReqList:
		name, _, _ := bytes.Cut(h.Name[:], []byte{0})
		l.Name = [abi.NETMAP_LEGACY_IFNAMSIZ]byte{}
		copy(l.Name[:len(l.Name)-1], name)
		l.Arg1, l.Arg2 = b.BridgeIdx, uint16(b.PortIdx)
	case *abi.ReqPortHdr:
		l.Arg1 = uint16(b.HdrLen)
	case *abi.ReqNewIf:
		l.TxSlots, l.RxSlots, l.TxRings, l.RxRings, l.Arg2 = b.TxSlots, b.RxSlots, b.TxRings, b.RxRings, b.MemID
	}
}

func registerToLegacy(l *abi.Legacy, r *abi.ReqRegister) {
	l.Offset, l.Memsize = uint32(r.Offset), uint32(r.Memsize)
	l.TxSlots, l.RxSlots, l.TxRings, l.RxRings = r.TxSlots, r.RxSlots, r.TxRings, r.RxRings
	l.Arg2, l.Arg3 = r.MemID, r.ExtraBufs
}
