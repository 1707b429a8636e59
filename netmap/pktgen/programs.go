package pktgen

import (
	"context"
	"time"
)

// program is one of the programs as the command line knows it.
type program struct {
	name  string
	about string
	ports int // number of -i
	// flags declares the program's flags and gives what runs it after they
	// are parsed. The summary is nil if there is nothing to summarize.
	flags func(*flags) func(context.Context) (Summary, error)
}

var programs = []program{
	{"tx", "send probes: UDP datagrams with sequence numbers", 1, txFlags},
	{"rx", "receive, count, and follow the sequence numbers of probes", 1, rxFlags},
	{"ping", "send ICMP echo requests and measure how long the replies take", 1, pingFlags},
	{"pong", "answer ARP, neighbor discovery and ICMP echo", 1, pongFlags},
	{"forward", "join two ports (-i twice) like a cable", 2, forwardFlags},
}

func txFlags(f *flags) func(context.Context) (Summary, error) {
	var c Tx
	endpointFlags(f.set, "src", &c.Src, true)
	endpointFlags(f.set, "dst", &c.Dst, true)
	frameFlags(f.set, &c.VLAN, &c.Size)
	rateFlag(f.set, &c.Rate, 0, "`PACKETS` a second, such as 20000 or 1.5M; 0: as many as go")
	f.set.Func("burst", "`PACKETS` handed over together, up to a quarter of the ring (256)", intFlag(&c.Burst, 1, 4096))
	f.set.Uint64Var(&c.Count, "count", 0, "end after this many `PACKETS`; 0: no limit")
	return func(ctx context.Context) (Summary, error) {
		c.Port, c.Duration, c.Reporting = f.ports[0], f.duration, f.reporting
		return summarize(c.Run(ctx))
	}
}

func rxFlags(f *flags) func(context.Context) (Summary, error) {
	var c Rx
	f.set.Uint64Var(&c.Count, "count", 0, "end after this many `PACKETS`; 0: no limit")
	f.set.DurationVar(&c.Idle, "idle-timeout", 0, "end when nothing came for this `TIME` after the first packet; 0: never")
	f.set.BoolVar(&c.Checksum, "checksum", false, "verify the checksums of probes")
	macFlag(f.set, "mac", &c.MAC, "Ethernet `ADDRESS` that the switch shall learn (the interface's)")
	f.set.BoolVar(&c.Silent, "silent", false, "send nothing: the switch does not learn where this port is")
	return func(ctx context.Context) (Summary, error) {
		c.Port, c.Duration, c.Reporting = f.ports[0], f.duration, f.reporting
		return summarize(c.Run(ctx))
	}
}

func pingFlags(f *flags) func(context.Context) (Summary, error) {
	var c Ping
	endpointFlags(f.set, "src", &c.Src, false)
	endpointFlags(f.set, "dst", &c.Dst, false)
	frameFlags(f.set, &c.VLAN, &c.Size)
	rateFlag(f.set, &c.Rate, 1000, "`REQUESTS` a second; 0: each one when the one before is answered")
	f.set.Uint64Var(&c.Count, "count", 0, "end after this many `REQUESTS`; 0: no limit")
	f.set.DurationVar(&c.Timeout, "timeout", time.Second, "`TIME` after which a request counts as lost")
	return func(ctx context.Context) (Summary, error) {
		c.Port, c.Duration, c.Reporting = f.ports[0], f.duration, f.reporting
		return summarize(c.Run(ctx))
	}
}

func pongFlags(f *flags) func(context.Context) (Summary, error) {
	var c Pong
	macFlag(f.set, "mac", &c.MAC, "Ethernet `ADDRESS` to answer from (the interface's)")
	f.set.Func("ip", "IP `ADDRESS` to answer for; may be given again (all of the interface)", func(s string) error {
		ip, err := parseIP(s)
		c.IPs = append(c.IPs, ip)
		return err
	})
	return func(ctx context.Context) (Summary, error) {
		c.Port, c.Duration, c.Reporting = f.ports[0], f.duration, f.reporting
		return summarize(c.Run(ctx))
	}
}

func forwardFlags(f *flags) func(context.Context) (Summary, error) {
	return func(ctx context.Context) (Summary, error) {
		c := Forward{Ports: [2]string(f.ports), Duration: f.duration, Reporting: f.reporting}
		return summarize(c.Run(ctx))
	}
}

// summarize leaves the summary out when the program failed before anything
// happened.
func summarize[S interface {
	comparable
	Summary
}](s S, err error) (Summary, error) {
	var none S
	if err != nil && s == none {
		return nil, err
	}
	return s, err
}
