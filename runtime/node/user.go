package node

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// account is who a command runs as.
type account struct {
	uid, gid uint32
	groups   []uint32
	home     string
}

// userFiles are the machine's lists of users and groups.
type userFiles struct{ passwd, group string }

var machineUsers = userFiles{"/etc/passwd", "/etc/group"}

// lookup finds the user of "USER" or "USER:GROUP", each a name or a number, as
// Docker does: a number need not be listed. Supplementary groups are those that
// list the user, unless a group is given.
func (f userFiles) lookup(spec string) (account, error) {
	if spec == "" {
		spec = "0"
	}
	user, group, grouped := strings.Cut(spec, ":")
	entry, err := find(f.passwd, 7, user)
	if err != nil {
		return account{}, fmt.Errorf("user %s: %w", spec, err)
	}
	who := account{home: "/"}
	if entry != nil {
		user = entry[2]
		if entry[5] != "" {
			who.home = entry[5]
		}
		if who.gid, err = id(entry[3]); err != nil {
			return account{}, fmt.Errorf("user %s: %w", spec, err)
		}
	}
	if who.uid, err = id(user); err != nil {
		return account{}, fmt.Errorf("user %s: no such user on this machine", spec)
	}
	switch {
	case grouped:
		who.gid, err = f.group1(group)
	case entry != nil:
		who.groups, err = f.groupsOf(entry[0])
	}
	if err != nil {
		return account{}, fmt.Errorf("user %s: %w", spec, err)
	}
	return who, nil
}

// group1 finds one group by name or number.
func (f userFiles) group1(name string) (uint32, error) {
	entry, err := find(f.group, 4, name)
	if err != nil {
		return 0, err
	}
	if entry != nil {
		name = entry[2]
	}
	gid, err := id(name)
	if err != nil {
		return 0, fmt.Errorf("no such group on this machine")
	}
	return gid, nil
}

// groupsOf returns the groups that list a user as their member.
func (f userFiles) groupsOf(user string) ([]uint32, error) {
	var groups []uint32
	err := entries(f.group, 4, func(entry []string) bool {
		if gid, err := id(entry[2]); err == nil && slices.Contains(strings.Split(entry[3], ","), user) {
			groups = append(groups, gid)
		}
		return true
	})
	return groups, err
}

// find returns the entry whose name, or else number, is key; nil when there is
// none.
func find(file string, fields int, key string) ([]string, error) {
	var named, numbered []string
	err := entries(file, fields, func(entry []string) bool {
		if entry[0] == key {
			named = entry
		} else if entry[2] == key && numbered == nil {
			numbered = entry
		}
		return named == nil
	})
	if named == nil {
		named = numbered
	}
	return named, err
}

// entries calls each for the well-formed lines of a file of that many fields,
// until it returns false. A file that does not exist has none.
func entries(file string, fields int, each func(entry []string) bool) error {
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if entry := strings.Split(lines.Text(), ":"); len(entry) == fields && !each(entry) {
			return nil
		}
	}
	return lines.Err()
}

// id reads a user or group number; the last one stands for "none".
func id(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil && n == 1<<32-1 {
		err = fmt.Errorf("%d is not a number of a user or group", n)
	}
	return uint32(n), err
}
