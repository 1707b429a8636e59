package pktgen

import (
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/valelab/valelab/netmap/pktgen/flagtext"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// flags are a program's flags. Those of all programs are declared here.
type flags struct {
	set       *flag.FlagSet
	ports     []string
	json      bool
	reporting Reporting
	duration  time.Duration
}

func newFlags(name string) *flags {
	f := &flags{set: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.set.SetOutput(io.Discard) // package flag would print errors and help itself
	f.set.Func("i", "netmap `PORT`, such as netmap:eth1 (netmap:eth1^: its host rings)", func(s string) error {
		f.ports = append(f.ports, s)
		return nil
	})
	f.set.DurationVar(&f.reporting.Interval, "interval", time.Second, "`TIME` between two reports on standard error; 0: none")
	f.set.DurationVar(&f.duration, "duration", 0, "end after this `TIME`; 0: no limit")
	f.set.Func("format", "`FORMAT` of what is printed, text or json (text)", func(s string) error {
		if s != "text" && s != "json" {
			return fmt.Errorf("%q is neither text nor json", s)
		}
		f.json = s == "json"
		return nil
	})
	return f
}

// parse reads the command line and checks what all programs have.
func (f *flags) parse(args []string, ports int) error {
	switch err := f.set.Parse(args); {
	case err != nil:
		return flagtext.Fault(f.set, err)
	case f.set.NArg() > 0:
		return fmt.Errorf("%q is not a flag", f.set.Arg(0))
	case len(f.ports) != ports:
		return fmt.Errorf("%s takes %s", f.set.Name(), portsWanted(ports))
	case f.reporting.Interval < 0 || f.duration < 0:
		return fmt.Errorf("a time is negative")
	}
	return nil
}

// portsWanted says how many ports a program takes.
func portsWanted(n int) string {
	if n == 1 {
		return "one port: -i netmap:eth1"
	}
	return "two ports: -i netmap:eth1 -i netmap:eth2"
}

func endpointFlags(set *flag.FlagSet, side string, e *Endpoint, udp bool) {
	which := map[string]string{"src": "source", "dst": "destination"}[side]
	macFlag(set, side+"-mac", &e.MAC, which+" Ethernet `ADDRESS`")
	set.Func(side+"-ip", which+" IP `ADDRESS`, IPv4 or IPv6", func(s string) (err error) {
		e.IP, err = parseIP(s)
		return err
	})
	if udp {
		set.Func(side+"-port", which+" UDP `PORT` (9)", intFlag(&e.Port, 1, math.MaxUint16))
	}
}

func parseIP(s string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return ip, fmt.Errorf("%q is not an IP address", s)
	}
	return ip, nil
}

func macFlag(set *flag.FlagSet, name string, to *net.HardwareAddr, about string) {
	set.Func(name, about, func(s string) error {
		mac, err := packet.ParseMAC(s)
		*to = mac[:]
		return err
	})
}

func frameFlags(set *flag.FlagSet, vlan *uint16, size *int) {
	set.Func("vlan", "VLAN `ID` of the frames, 1 to 4094 (no tag)", intFlag(vlan, 1, 4094))
	set.Func("size", "`BYTES` of a frame, without its check sequence (the shortest)", intFlag(size, 1, 1<<17))
}

func rateFlag(set *flag.FlagSet, rate *float64, value float64, about string) {
	*rate = value
	if value > 0 {
		about += " (" + strconv.FormatFloat(value, 'f', -1, 64) + ")"
	}
	set.Func("rate", about, func(s string) (err error) {
		*rate, err = parseRate(s)
		return err
	})
}

// intFlag reads a whole number from low to high.
func intFlag[T int | uint16](to *T, low, high int) func(string) error {
	return func(s string) error {
		v, err := strconv.Atoi(s)
		if err != nil || v < low || v > high {
			return fmt.Errorf("%q is not a number from %d to %d", s, low, high)
		}
		*to = T(v)
		return nil
	}
}
