package serve

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// maxShared is the size of a memory that NIOCREGIF's 32 bits can tell, in bytes.
const maxShared = 1<<32 - 1

// endpointMemory finds the memory for an endpoint: that of all endpoints of the node, as network cards are all in the
// global one, so that programs may swap buffers between them. One that came later, and finds no room there, has a memory
// of its own.
func (s *Space) endpointMemory(spec region.Spec, want *abi.ReqRegister) (*memory, error) {
	geo, err := endpointRoom(spec)
	if err != nil {
		return nil, errors.Join(unix.EINVAL, err)
	}
	m := s.memories[globalID]
	switch {
	case m == nil:
		m = s.addMemory(globalID, s.roomBeside(spec.Name, geo, want).InPages())
	case !m.Geometry().Covers(s.roomIn(m, geo)) || !s.engine.HasRoom(m.Memory, spec):
		if m, err = s.nextMemory(geo); err != nil {
			return nil, err
		}
	}
	m.lab = true
	return m, nil
}

// endpointRoom is what an endpoint needs, with the pipes and opens that it may have.
func endpointRoom(spec region.Spec) (region.Geometry, error) {
	return region.Fit(spec, region.Room{Pipes: abi.NMU_PIPES})
}

// roomIn adds the room that the endpoints in a memory have to that of one.
func (s *Space) roomIn(m *memory, geo region.Geometry) region.Geometry {
	for _, a := range s.adapters {
		if a.endpoint == nil || a.memory != m {
			continue
		}
		if more, err := endpointRoom(a.spec); err == nil {
			geo = geo.Plus(more)
		}
	}
	return geo
}

// mostExtra is how many extra buffers a program may have that opens an adapter. Those of an endpoint, or of a pipe
// beside one, come out of the endpoint's own room, not out of that of others.
func (a *adapter) mostExtra() int {
	for a.pipe != nil {
		a = a.pipe.parent
	}
	if a.endpoint == nil {
		return maxExtra
	}
	geo, err := endpointRoom(a.spec)
	if err != nil {
		return 0
	}
	return min(geo.BufNum-abi.NETMAP_FIRST_BUF-a.spec.Bufs(), maxExtra)
}

// roomBeside adds the room that the other endpoints of the node need to that of one, opened with the same wishes, as far
// as all of it can be told to older programs.
func (s *Space) roomBeside(name string, geo region.Geometry, want *abi.ReqRegister) region.Geometry {
	for _, other := range s.host.Endpoints() {
		e := s.host.Endpoint(other)
		if other == name || e == nil || e.Module != nil {
			continue
		}
		more, err := endpointRoom(e.spec(other, want))
		if err != nil {
			continue
		}
		if sum := geo.Plus(more); sum.InPages().MemSize() <= maxShared {
			geo = sum
		}
	}
	return geo
}
