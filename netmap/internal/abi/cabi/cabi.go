package cabi

// #cgo CFLAGS: -O2 -Wall -Wextra -Werror -I${SRCDIR}/..
// #include "netmap_abi.h"
import "C"

import (
	"reflect"

	_ "github.com/valelab/valelab/netmap/internal/abi" // follow the header's changes
)

// Structs gives each struct of the header under its C name. The reflected fields have the C names,
// offsets and sizes; flexible array members do not appear.
func Structs() map[string]reflect.Type {
	return map[string]reflect.Type{
		"netmap_slot":         reflect.TypeFor[C.struct_netmap_slot](),
		"netmap_ring":         reflect.TypeFor[C.struct_netmap_ring](),
		"netmap_if":           reflect.TypeFor[C.struct_netmap_if](),
		"nmreq_header":        reflect.TypeFor[C.struct_nmreq_header](),
		"nmreq_register":      reflect.TypeFor[C.struct_nmreq_register](),
		"nmreq_port_info_get": reflect.TypeFor[C.struct_nmreq_port_info_get](),
		"nmu_ctl":             reflect.TypeFor[C.struct_nmu_ctl](),
		"nmu_request":         reflect.TypeFor[C.struct_nmu_request](),
		"nmu_reply":           reflect.TypeFor[C.struct_nmu_reply](),
		"nmu_grant":           reflect.TypeFor[C.struct_nmu_grant](),
	}
}

// Constants gives each constant of the header under its C name.
func Constants() map[string]uint64 {
	return map[string]uint64{
		"NETMAP_API":               C.NETMAP_API,
		"NETMAP_MIN_API":           C.NETMAP_MIN_API,
		"NETMAP_MAX_API":           C.NETMAP_MAX_API,
		"NS_BUF_CHANGED":           C.NS_BUF_CHANGED,
		"NS_REPORT":                C.NS_REPORT,
		"NS_FORWARD":               C.NS_FORWARD,
		"NS_NO_LEARN":              C.NS_NO_LEARN,
		"NS_INDIRECT":              C.NS_INDIRECT,
		"NS_MOREFRAG":              C.NS_MOREFRAG,
		"NR_REG_ALL_NIC":           C.NR_REG_ALL_NIC,
		"NR_REG_SW":                C.NR_REG_SW,
		"NR_REG_NIC_SW":            C.NR_REG_NIC_SW,
		"NR_REG_ONE_NIC":           C.NR_REG_ONE_NIC,
		"NR_EXCLUSIVE":             C.NR_EXCLUSIVE,
		"NR_RX_RINGS_ONLY":         C.NR_RX_RINGS_ONLY,
		"NR_TX_RINGS_ONLY":         C.NR_TX_RINGS_ONLY,
		"NR_NO_TX_POLL":            C.NR_NO_TX_POLL,
		"NETMAP_DIR_RX":            C.NETMAP_DIR_RX,
		"NETMAP_DIR_TX":            C.NETMAP_DIR_TX,
		"NI_PRIV_MEM":              C.NI_PRIV_MEM,
		"NETMAP_IF_NAME":           C.NETMAP_IF_NAME,
		"NETMAP_REQ_IFNAMSIZ":      C.NETMAP_REQ_IFNAMSIZ,
		"NETMAP_FIRST_BUF":         C.NETMAP_FIRST_BUF,
		"NETMAP_REQ_REGISTER":      C.NETMAP_REQ_REGISTER,
		"NETMAP_REQ_PORT_INFO_GET": C.NETMAP_REQ_PORT_INFO_GET,
		"NMU_PAGE":                 C.NMU_PAGE,
		"NMU_IF_MIN_SIZE":          C.NMU_IF_MIN_SIZE,
		"NMU_RING_MIN_SIZE":        C.NMU_RING_MIN_SIZE,
		"NMU_IF_MIN_NUM":           C.NMU_IF_MIN_NUM,
		"NMU_RING_MIN_NUM":         C.NMU_RING_MIN_NUM,
		"NMU_BUF_MIN_NUM":          C.NMU_BUF_MIN_NUM,
		"NMU_BUF_SIZE":             C.NMU_BUF_SIZE,
		"NMU_MAX_RINGS":            C.NMU_MAX_RINGS,
		"NMU_MIN_SLOTS":            C.NMU_MIN_SLOTS,
		"NMU_MAX_SLOTS":            C.NMU_MAX_SLOTS,
		"NMU_PIPES":                C.NMU_PIPES,
		"NMU_LINE":                 C.NMU_LINE,
		"NMU_CTL_SIZE":             C.NMU_CTL_SIZE,
		"NMU_DETACHED":             C.NMU_DETACHED,
		"NMU_VERSION":              C.NMU_VERSION,
		"NMU_OP_CTRL":              C.NMU_OP_CTRL,
	}
}
