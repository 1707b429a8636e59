package cgroup

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// mounts are the hierarchies that this package uses; an absent one is "".
type mounts struct {
	unified string // cgroup2
	cpu     string // version 1 hierarchy with the cpu controller
	memory  string // version 1 hierarchy with the memory controller
}

// all returns the mount points present, each once.
func (m mounts) all() []string {
	var all []string
	for _, dir := range []string{m.unified, m.cpu, m.memory} {
		if dir != "" && (len(all) == 0 || all[len(all)-1] != dir) {
			all = append(all, dir)
		}
	}
	return all
}

// findMounts reads the hierarchies from the text of a mountinfo file. The
// first mount of each counts, and only mounts of a whole hierarchy.
func findMounts(r io.Reader) (mounts, error) {
	var m mounts
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		// "ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER"
		mount, fs, ok := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(mount), strings.Fields(fs)
		if !ok || len(left) < 6 || len(right) < 3 || left[3] != "/" {
			continue
		}
		point := unescape(left[4])
		switch right[0] {
		case "cgroup2":
			setOnce(&m.unified, point)
		case "cgroup":
			for _, option := range strings.Split(right[2], ",") {
				switch option {
				case "cpu":
					setOnce(&m.cpu, point)
				case "memory":
					setOnce(&m.memory, point)
				}
			}
		}
	}
	if err := lines.Err(); err != nil {
		return mounts{}, fmt.Errorf("mount table: %w", err)
	}
	return m, nil
}

func setOnce(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// unescape undoes the \ooo form in which the kernel prints blanks in paths.
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
