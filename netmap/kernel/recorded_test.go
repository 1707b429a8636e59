package kernel

import (
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// What the module answered to the open of a port of a switch, made with its defaults.
var (
	recordedRegister = Register{
		Memsize: 42369024, TxSlots: 1024, RxSlots: 1024, TxRings: 1, RxRings: 1, MemID: 2, Mode: abi.NR_REG_ALL_NIC,
	}
	recordedPools = PoolsInfo{
		Memsize: 42369024, MemID: 2, IfNum: 12, IfSize: 1024, RingOfs: 12288, RingNum: 20, RingSize: 20480,
		BufOfs: 421888, BufNum: 20482, BufSize: 2048,
	}
)

// The control blocks lie behind the module's memory, one for each ring that it has room for.
func TestGrantOfRecordedAnswers(t *testing.T) {
	want := Grant{
		RegionSize: 42369024 + 20*abi.NMU_CTL_SIZE, Memsize: 42369024, RingOfs: 12288, BufOfs: 421888, CtlOfs: 42369024,
		RingNum: 20, RingSize: 20480, BufNum: 20482, BufSize: 2048, Mode: abi.NR_REG_ALL_NIC, Kind: abi.NMU_NATIVE,
		TxRings: 1, HostTxRings: 1, RxRings: 1, HostRxRings: 1,
	}
	if got := newGrant(&recordedRegister, &recordedPools); got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

func TestHeader(t *testing.T) {
	h, err := newHeader(abi.NETMAP_REQ_VALE_ATTACH, "vale0:eth1")
	if err != nil || nameOf(h) != "vale0:eth1" || h.Version != 14 || h.ReqType != 3 || h.Reserved != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	if _, err := newHeader(1, string(make([]byte, 64))); err == nil {
		t.Error("a name of 64 bytes, which leaves no room for its end, was taken")
	}
}
