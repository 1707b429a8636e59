package tap

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/netmap/vale"
)

// Point is a port as a capture sees it.
type Point struct {
	IfIndex int  // its device, in the network namespace of the thread that begins the capture
	Longest int  // bytes of its frames
	Host    bool // what goes between a program and the kernel's stack: what the device sends, the program has sent
}

// Capture copies the frames of some ports. It holds nothing up: what it has no room for is counted, except for what
// the module itself leaves out where frames of a program come faster than they are read.
//
// One goroutine calls Read. All other methods may be called from any, until Close.
type Capture struct {
	kick int // eventfd; wakes the goroutine
	done chan struct{}
	read batch

	mu     sync.Mutex
	ended  bool
	points []*point
	queue  queue
}

// point is a port. A monitor that has ended is taken away when that is seen.
type point struct {
	host     bool
	ring     *packetRing
	gate     gate
	monitors []*kernel.Monitor
}

// impatience is how often the end of a port is looked for, which wakes nobody, in milliseconds.
const impatience = 100

// Start begins a capture of up to snaplen bytes of each frame, with room bytes for what waits to be read. The devices
// are not the ports, and no program has one, until Device and Monitor say so. The caller closes the capture.
func Start(points []Point, snaplen, room int) (*Capture, error) {
	kick, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	c := &Capture{kick: kick, done: make(chan struct{}), queue: newQueue(len(points), room, snaplen)}
	for _, p := range points {
		ring, err := newPacketRing(p.IfIndex, min(p.Longest, snaplen))
		if err != nil {
			return nil, errors.Join(err, c.free())
		}
		c.points = append(c.points, &point{host: p.Host, ring: ring})
	}
	go c.run()
	return c, nil
}

// Device says that the device is the port from now on, or is not any more.
func (c *Capture) Device(point int, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points[point].gate.set(is, time.Now())
}

// Monitor has the frames of a program captured, which has the port open under this name. When the program closes it,
// that ends by itself.
func (c *Capture) Monitor(point int, port string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, err := kernel.OpenMonitor(port)
	if err != nil {
		return err
	}
	c.points[point].monitors = append(c.points[point].monitors, m)
	return c.wake()
}

func (c *Capture) wake() error {
	_, err := unix.Write(c.kick, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	return err
}

// Read hands every frame that has come by now to emit, and stops at emit's first error. Those that came between two
// calls are in the order of their times.
func (c *Capture) Read(emit func(vale.Captured) error) error {
	if err := c.read.emit(emit); err != nil { // what an error has left
		return err
	}
	c.mu.Lock()
	c.collect()
	c.queue.take(&c.read)
	c.mu.Unlock()
	return c.read.emit(emit)
}

// Lost is the number of frames of a point for which there was no room.
func (c *Capture) Lost(point int) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.lost[point] + c.points[point].ring.drops()
}

// Close ends the capture.
func (c *Capture) Close() error {
	c.mu.Lock()
	c.ended = true
	err := c.wake()
	c.mu.Unlock()
	<-c.done
	return errors.Join(err, c.free())
}

func (c *Capture) free() error {
	errs := []error{unix.Close(c.kick)}
	for _, p := range c.points {
		errs = append(errs, p.ring.close())
		for _, m := range p.monitors {
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}
