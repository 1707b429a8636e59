package pcapfilter

import "golang.org/x/net/bpf"

// packetOutgoing is what Linux calls frames that its own programs sent: PACKET_OUTGOING.
const packetOutgoing = 4

// Machine makes what runs a program over frames that go one way: outbound ones were sent by the endpoint.
func Machine(program []bpf.RawInstruction, outbound bool) (*bpf.VM, error) {
	instructions, _ := bpf.Disassemble(program)
	direction := bpf.LoadConstant{Dst: bpf.RegA}
	if outbound {
		direction.Val = packetOutgoing
	}
	for i, one := range instructions {
		if one == (bpf.LoadExtension{Num: bpf.ExtType}) {
			instructions[i] = direction
		}
	}
	return bpf.NewVM(instructions)
}
