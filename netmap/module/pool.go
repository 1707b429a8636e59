package module

// What the module has if it is not told otherwise, and what it takes at most (netmap's netmap_mem2.c).
const (
	defaultSwitches = 8
	defaultBuffer   = 2048
	maxPorts        = 252 // of a switch; netmap(4) has more
	maxIfs          = 10_000
	maxRings        = 1024
	maxBufs         = 1_000_000
	maxVeths        = maxRings / ringsPerVeth
	firstBuf        = 2 // buffers that no ring has
)

// A veth on a switch has one NIC ring and one host ring each way.
const ringsPerVeth = 4

// A pool is one kind of object in the region that all attached interfaces share.
type pool struct {
	param string // that says how many there are
	have  int    // the module may round it up
	most  int    // that the module takes
	size  int    // bytes of each
	spare int    // of those that are had, are nobody's
	each  int    // that a veth takes
}

// room is the number of veths that find room in the pool.
func (p pool) room() int { return max(0, (p.have-p.spare)/p.each) }

// wants is the number of objects that n veths take.
func (p pool) wants(n int) int { return p.spare + n*p.each }

func (p *Params) pools() [3]pool {
	rings := ringsPerVeth - 2 + 2*p.or("generic_rings", 1)
	return [3]pool{
		{"buf_num", p.or("buf_num", 163_840), maxBufs, p.or("buf_size", defaultBuffer), firstBuf, rings * p.or("generic_ringsize", 1024)},
		{"ring_num", p.or("ring_num", 200), maxRings, p.or("ring_size", 9*4096), 0, rings},
		{"if_num", p.or("if_num", 100), maxIfs, p.or("if_size", 1024), 0, 1},
	}
}
