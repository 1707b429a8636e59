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

func newFlags(name string, output io.Writer) *flags {
	f := &flags{set: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.set.SetOutput(output)
	f.set.Func("i", "netmap `port`, such as netmap:eth1 (netmap:eth1^: its host rings)", func(s string) error {
		f.ports = append(f.ports, s)
		return nil
	})
	f.set.DurationVar(&f.reporting.Interval, "interval", time.Second, "`time` between two reports on standard error; 0: none")
	f.set.DurationVar(&f.duration, "duration", 0, "end after this `time`; 0: no limit")
	f.set.Func("format", "`text` or json (default text)", func(s string) error {
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
	// The flag package would print the error and the usage itself.
	output := f.set.Output()
	help := f.set.Usage
	f.set.SetOutput(io.Discard)
	f.set.Usage = func() {}
	err := f.set.Parse(args)
	f.set.SetOutput(output)
	switch {
	case err == flag.ErrHelp:
		help()
		return err
	case err != nil:
		return err
	case f.set.NArg() > 0:
		return fmt.Errorf("%q is not a flag", f.set.Arg(0))
	case len(f.ports) != ports:
		return fmt.Errorf("%s takes -i %d times, not %d", f.set.Name(), ports, len(f.ports))
	case f.reporting.Interval < 0 || f.duration < 0:
		return fmt.Errorf("a time is negative")
	}
	return nil
}

func endpointFlags(set *flag.FlagSet, side string, e *Endpoint, udp bool) {
	which := map[string]string{"src": "source", "dst": "destination"}[side]
	macFlag(set, side+"-mac", &e.MAC, which+" Ethernet `address`")
	set.Func(side+"-ip", which+" IP `address`, IPv4 or IPv6", func(s string) (err error) {
		e.IP, err = netip.ParseAddr(s)
		return err
	})
	if udp {
		set.Func(side+"-port", which+" UDP `port` (default 9)", intFlag(&e.Port, 1, math.MaxUint16))
	}
}

func macFlag(set *flag.FlagSet, name string, to *net.HardwareAddr, about string) {
	set.Func(name, about, func(s string) error {
		mac, err := packet.ParseMAC(s)
		*to = mac[:]
		return err
	})
}

func frameFlags(set *flag.FlagSet, vlan *uint16, size *int) {
	set.Func("vlan", "VLAN `ID` of the frames, 1 to 4094 (default no tag)", intFlag(vlan, 1, 4094))
	set.Func("size", "`bytes` of a frame, without its check sequence (default the shortest)", intFlag(size, 1, 1<<17))
}

func rateFlag(set *flag.FlagSet, rate *float64, value float64, about string) {
	*rate = value
	set.Func("rate", fmt.Sprintf("%s (default %s) `pps`", about, strconv.FormatFloat(value, 'f', -1, 64)), func(s string) (err error) {
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
