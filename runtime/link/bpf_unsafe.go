package link

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// instruction is struct bpf_insn.
type instruction struct {
	code uint8
	regs uint8 // destination in the low four bits, source in the high ones
	off  int16
	imm  int32
}

// tcActShot is the result of a filter that drops the frame.
const tcActShot = 2

// drop is the program "return TC_ACT_SHOT".
var drop = [...]instruction{
	{code: unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K, imm: tcActShot}, // r0 = TC_ACT_SHOT
	{code: unix.BPF_JMP | unix.BPF_EXIT},
}

// license is what the kernel wants to know about every program.
var license = [...]byte{'M', 'I', 'T', 0}

// loadAttr is the part of union bpf_attr that BPF_PROG_LOAD reads here.
type loadAttr struct {
	progType  uint32
	count     uint32 // instructions
	code      uint64 // address of the first
	license   uint64 // address of a C string
	logLevel  uint32
	logSize   uint32
	logBuffer uint64
	kernel    uint32
	flags     uint32
	name      [unix.BPF_OBJ_NAME_LEN]byte
}

// loadDrop gives the kernel the program that drops every frame. The program
// lives as long as the file is open or a filter uses it.
func loadDrop() (*os.File, error) {
	// The addresses are of globals, which never move.
	attr := loadAttr{
		progType: unix.BPF_PROG_TYPE_SCHED_CLS,
		count:    uint32(len(drop)),
		code:     uint64(uintptr(unsafe.Pointer(&drop[0]))),
		license:  uint64(uintptr(unsafe.Pointer(&license[0]))),
	}
	copy(attr.name[:], "valelab_drop")
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if errno != 0 {
		return nil, fmt.Errorf("load filter program: %w", errno)
	}
	return os.NewFile(fd, "filter program"), nil
}
