package pktgen

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// Rx receives frames, counts them, and follows the sequence numbers of the
// probes among them.
type Rx struct {
	Port     string        // to receive on, such as netmap:eth1
	Count    uint64        // frames to receive; 0: no limit. All of a batch are counted
	Duration time.Duration // 0: no limit
	Idle     time.Duration // end when nothing came for so long, after the first frame; 0: never
	Checksum bool          // verify the checksums of probes
	// MAC is the address that the switch shall learn; default: the interface's.
	MAC net.HardwareAddr
	// Silent keeps Rx from sending one frame at the start, from which the
	// switch learns where this port is. Without it unicast frames for the port
	// are flooded until somebody sends from there.
	Silent bool
	Reporting
}

// RxSummary is what an Rx counted. A frame is a probe, damaged or foreign.
type RxSummary struct {
	Traffic           // of all frames
	Probes   uint64   `json:"probes"`
	Foreign  uint64   `json:"foreign"` // frames that are no probes
	Damaged  uint64   `json:"damaged"` // probes with a wrong checksum, if that was to be verified
	Sequence Sequence `json:"sequence"`
	// Delay is from the sender's stamp to the look at the frame, of one probe
	// in each batch that was received. It makes sense only on one machine.
	Delay Delay `json:"delay"`
}

// String writes the summary as text.
func (s RxSummary) String() string {
	text := fmt.Sprintf("received %s\n%d probes of %d flows: %d lost, %d reordered, %d duplicates, %d late; %d damaged, %d foreign frames\n",
		s.Traffic, s.Probes, s.Sequence.Flows, s.Sequence.Lost, s.Sequence.Reordered, s.Sequence.Duplicates,
		s.Sequence.Late, s.Damaged, s.Foreign)
	if s.Delay.Samples > 0 {
		text += fmt.Sprintf("delay %s\n", s.Delay)
	}
	return text
}

// Run receives until the count is reached, the time is over or the context
// ends.
func (c Rx) Run(ctx context.Context) (RxSummary, error) {
	if err := checkMAC(c.MAC); err != nil {
		return RxSummary{}, err
	}
	port, id, err := openPort(ctx, c.Port)
	if err != nil {
		return RxSummary{}, err
	}
	defer port.Close()
	r, err := newReceiver(c, port)
	if err != nil {
		return RxSummary{}, err
	}
	if !c.Silent {
		if len(c.MAC) > 0 {
			id.mac = packet.MAC(c.MAC)
		}
		if err := announce(port, id); err != nil {
			return RxSummary{}, err
		}
	}
	err = r.run(ctx, time.Now())
	return r.summary(), err
}
