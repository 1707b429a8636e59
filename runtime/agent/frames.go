package agent

import (
	"errors"

	"github.com/valelab/valelab/netmap/vale"
)

// frames is where a capture gets its frames. *vale.Capture is one.
type frames interface {
	// Read hands over what has come, and stops at the first error.
	Read(emit func(vale.Captured) error) error
	// Lost is how many frames of a point found no room.
	Lost(point int) uint64
	Close() error
}

// joint is frames of several sources. Each point of the capture belongs to one of them.
type joint []source

// source is one with its points as the capture numbers them.
type source struct {
	frames
	points []int
}

func (j joint) Read(emit func(vale.Captured) error) error {
	for _, s := range j {
		err := s.Read(func(f vale.Captured) error {
			f.Point = s.points[f.Point]
			return emit(f)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (j joint) Lost(point int) uint64 {
	for _, s := range j {
		for i, p := range s.points {
			if p == point {
				return s.frames.Lost(i)
			}
		}
	}
	return 0
}

func (j joint) Close() error {
	var err error
	for _, s := range j {
		err = errors.Join(err, s.frames.Close())
	}
	return err
}
