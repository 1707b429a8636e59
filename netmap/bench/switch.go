package main

import (
	"context"
	"fmt"
	"io"

	"github.com/valelab/valelab/netmap/bench/standalone"
	"github.com/valelab/valelab/netmap/serve"
)

// The ports of the switch.
const (
	txPort = "tx0"
	rxPort = "rx0"
)

// runSwitch is the process of the switch: it listens on the socket, says so
// with a line on stdout, and serves programs until the context ends.
func runSwitch(ctx context.Context, socket string, stdout io.Writer) error {
	s, err := standalone.Start(standalone.Config{
		Socket:   socket,
		Switches: [][]string{{txPort, rxPort}},
		Geometry: serve.Geometry{Rings: 1, Slots: copySlots},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "ready")
	<-ctx.Done()
	return s.Close()
}
