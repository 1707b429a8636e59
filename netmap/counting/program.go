package counting

import "github.com/cilium/ebpf/asm"

// instructions are the program that runs when a ring is about to be synced, and adds what lies between where the switch
// has come to and where the program has: (rhead - nr_hwcur) modulo the ring.
func instructions(at offsets, tx bool, counts int) asm.Instructions {
	const (
		key   = -16 // on the stack: a Ring, 12 bytes
		value = -24
	)
	direction := int64(0)
	if tx {
		direction = 1
	}
	ring, moved, scratch, stack := asm.R6, asm.R7, asm.R8, asm.R10
	return asm.Instructions{
		asm.LoadMem(ring, asm.R1, 0, asm.DWord), // the function's first argument
		asm.LoadMem(moved, ring, at.rhead, asm.Word),
		asm.LoadMem(scratch, ring, at.hwcur, asm.Word),
		asm.Sub.Reg(moved, scratch),
		asm.JEq.Imm(moved, 0, "done"),
		asm.JSGT.Imm(moved, 0, "count"),
		asm.LoadMem(scratch, ring, at.slots, asm.Word), // it has gone round the end
		asm.Add.Reg(moved, scratch),

		asm.LoadMem(scratch, ring, at.adapter, asm.DWord).WithSymbol("count"),
		asm.LoadMem(scratch, scratch, at.memory, asm.DWord),
		asm.LoadMem(scratch, scratch, at.number, asm.Half),
		asm.StoreMem(stack, key, scratch, asm.Word),
		asm.LoadMem(scratch, ring, at.id, asm.Word),
		asm.StoreMem(stack, key+4, scratch, asm.Word),
		asm.StoreImm(stack, key+8, direction, asm.Word),

		asm.LoadMapPtr(asm.R1, counts),
		asm.Mov.Reg(asm.R2, stack),
		asm.Add.Imm(asm.R2, key),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "first"),
		asm.StoreXAdd(asm.R0, moved, asm.DWord),
		asm.Ja.Label("done"),

		// No other sync of the ring comes between: the module does one at a time.
		asm.StoreMem(stack, value, moved, asm.DWord).WithSymbol("first"),
		asm.LoadMapPtr(asm.R1, counts),
		asm.Mov.Reg(asm.R2, stack),
		asm.Add.Imm(asm.R2, key),
		asm.Mov.Reg(asm.R3, stack),
		asm.Add.Imm(asm.R3, value),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnMapUpdateElem.Call(),

		asm.Mov.Imm(asm.R0, 0).WithSymbol("done"),
		asm.Return(),
	}
}
