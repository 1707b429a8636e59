package wiring

// A lab with the switches of netmap's module has them in a network namespace of
// its own, and an interface of the machine is in the machine's. Switches can't
// span the two. So such an interface is on a small switch beside it, which a veth
// pair, the cable, joins with the lab's.

// UplinkCable returns the names of the ends of an uplink's cable: in the lab's
// namespace and in the machine's. lab is the lab's state folder.
func UplinkCable(lab, iface string) (inner, outer string) {
	name := "u" + Hash("uplink " + lab + " " + iface)[:13]
	return name + "a", name + "b"
}

// UplinkSwitch is the module's name of the switch beside an interface of the
// machine. Names of the same lab begin alike.
func UplinkSwitch(lab, iface string) string { return UplinkPrefix(lab) + Hash("uplink " + iface)[:5] }

// UplinkPrefix is what the names of UplinkSwitch begin with that are of this lab.
func UplinkPrefix(lab string) string { return "vale" + Hash("uplinks of " + lab)[:6] }
