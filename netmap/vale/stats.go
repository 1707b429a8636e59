package vale

// Modes of a port in RingStats.
const (
	ModeSocket  = "socket"  // an AF_PACKET socket
	ModeNetmap  = "netmap"  // opened by a program
	ModeTrunk   = "trunk"   // leads to another switch
	ModePort    = "port"    // made by a program, and open in none now
	ModeMonitor = "monitor" // a program's monitor of another port
	ModeUplink  = "uplink"  // an AF_PACKET socket on an interface of the machine
)

// RingStats are the counters of one ring of a port; a port without rings is counted as ring 0. Counters
// begin with the port and survive its changes of mode and restarts of the engine.
type RingStats struct {
	Switch  string `json:"switch"`
	Port    string `json:"port"`
	Mode    string `json:"mode"`
	Ring    int    `json:"ring"`
	Host    bool   `json:"host,omitempty"` // host ring: between the program and the node's kernel stack
	Dir     string `json:"dir"`            // "tx": into the switch (or kernel stack), "rx": out of it
	Packets uint64 `json:"packets"`        // tx: taken in, rx: delivered; dropped ones are not among them
	Bytes   uint64 `json:"bytes"`          // without preamble and frame check sequence
	Drops   Drops  `json:"drops"`
	Syncs   uint64 `json:"syncs"`   // by the program
	Wakeups uint64 `json:"wakeups"` // writes to the program's wake descriptor
	Stalls  uint64 `json:"stalls"`  // rx: times that the ring was found full, each step of the program once
	// Geometry and positions, of an open ring only. TX: slots [Cur, Head) wait for the switch. RX: slots
	// [Head, Tail) wait for the program, and Cur is the program's. Head is the program's as of its last sync.
	Open  bool   `json:"open,omitempty"`
	Slots uint32 `json:"slots,omitempty"`
	Head  uint32 `json:"head,omitempty"`
	Cur   uint32 `json:"cur,omitempty"`
	Tail  uint32 `json:"tail,omitempty"`
	Exact bool   `json:"exact"` // counted, not sampled
}

// Drops are frames that went no further, by reason. Those of a super-frame that the switch would have had to
// segment count as the segments that were missed.
type Drops struct {
	Full   uint64 `json:"full,omitempty"`    // rx: no room in the ring or trunk
	Runt   uint64 `json:"runt,omitempty"`    // tx: no whole Ethernet header in the first slot, or from the socket
	Bad    uint64 `json:"bad,omitempty"`     // slot (tx) or offload header (rx, of a ring) breaks the rules
	Closed uint64 `json:"closed,omitempty"`  // rx: the ring is not open
	TooBig uint64 `json:"too-big,omitempty"` // rx: larger than the MTU, or than the ring
	NoPort uint64 `json:"no-port,omitempty"` // tx: for the port it came from, or there is no other port
	Socket uint64 `json:"socket,omitempty"`  // rx: the kernel did not take it
	Kernel uint64 `json:"kernel,omitempty"`  // tx, host rx: lost in the socket's receive queue, which was full
}

// Total returns the number of all drops.
func (d Drops) Total() uint64 {
	return d.Full + d.Runt + d.Bad + d.Closed + d.TooBig + d.NoPort + d.Socket + d.Kernel
}

// Minus returns how many drops there were since b, an earlier count of the same ring.
func (d Drops) Minus(b Drops) Drops {
	return Drops{
		Full: d.Full - b.Full, Runt: d.Runt - b.Runt, Bad: d.Bad - b.Bad, Closed: d.Closed - b.Closed,
		TooBig: d.TooBig - b.TooBig, NoPort: d.NoPort - b.NoPort, Socket: d.Socket - b.Socket, Kernel: d.Kernel - b.Kernel,
	}
}
