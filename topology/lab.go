package topology

// Values of a lab file's `netmap` key: the backend that the switches run on.
const (
	NetmapAuto   = "auto"   // the kernel's where /dev/netmap answers, else the user-space one
	NetmapUser   = "user"   // valelab's own switch
	NetmapKernel = "kernel" // the netmap module
)

// Values of the `host` key on a link between a switch and an interface of the machine.
const (
	HostKeep = "keep" // the interface keeps its host stack
	HostTake = "take" // the switch has the interface for itself
)

// Lab is a lab file after parsing: variables expanded, defaults and groups
// applied, default values filled in, everything checked. A Lab is only made by
// Parse and is not changed afterwards.
type Lab struct {
	Name     string
	Netmap   string   // NetmapAuto, NetmapUser or NetmapKernel
	Switches []string // in file order
	Nodes    []Node   // in file order
	Links    []Link   // in file order
}

// Link joins two ends. At least one end is a node or a switch.
type Link struct {
	Ends  [2]End
	MTU   int    // bytes; of links that have a node
	Rings int    // ring pairs of each endpoint
	Slots int    // slots of each ring
	Host  string // HostKeep or HostTake on a link to an interface of the machine, else ""
}

// End is one end of a link: an interface of a node (Node and Interface are set),
// a switch (Switch is set), or an interface of the machine (Host is set).
type End struct {
	Node      string
	Interface string
	MAC       string // of a node's interface; always set, lower case
	IPv4      []string
	IPv6      []string

	Switch string
	Host   string
}

// String returns the end as a lab file spells it.
func (e End) String() string {
	switch {
	case e.Node != "":
		return e.Node + ":" + e.Interface
	case e.Host != "":
		return hostName + ":" + e.Host
	}
	return e.Switch
}
