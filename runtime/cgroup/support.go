package cgroup

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Support says which limits a machine can keep.
type Support struct {
	Version     string // "version 2", "version 1", "hybrid" (both), or "" without any hierarchy
	CPU, Memory bool
}

// Look reads it from the text of a mountinfo file and the machine's files.
func Look(mountinfo io.Reader, root fs.FS) (Support, error) {
	m, err := findMounts(mountinfo)
	if err != nil {
		return Support{}, err
	}
	s := Support{CPU: m.cpu != "", Memory: m.memory != ""}
	legacy := s.CPU || s.Memory
	switch {
	case m.unified != "" && legacy:
		s.Version = "hybrid"
	case m.unified != "":
		s.Version = "version 2"
	case legacy:
		s.Version = "version 1"
	}
	if m.unified == "" {
		return s, nil
	}
	text, err := fs.ReadFile(root, strings.TrimPrefix(m.unified, "/")+"/cgroup.controllers")
	if err != nil {
		return Support{}, fmt.Errorf("controllers: %w", err)
	}
	controllers := strings.Fields(string(text))
	s.CPU = s.CPU || slices.Contains(controllers, "cpu")
	s.Memory = s.Memory || slices.Contains(controllers, "memory")
	return s, nil
}
