package topology

import (
	"fmt"
	"strings"
)

// Longest names, in bytes.
const (
	maxLabName       = 40
	maxNodeName      = 63 // a host name
	maxSwitchName    = 31
	maxInterfaceName = 15 // IFNAMSIZ - 1
)

// hostName is what stands for the machine in `host:eth3`.
const hostName = "host"

// nameError says why a name of a lab, node or switch is not valid, nil if it is.
func nameError(name string, limit int) error {
	switch {
	case name == "":
		return fmt.Errorf("is empty")
	case len(name) > limit:
		return fmt.Errorf("is longer than %d bytes", limit)
	case !isDigit(name[0]) && !isLetter(name[0]):
		return fmt.Errorf("does not begin with a letter or digit")
	}
	return onlyRunes(name, "_.-")
}

// switchNameError is nameError for switches. Two dashes are what joins names in the
// name of a trunk.
func switchNameError(name string) error {
	if err := nameError(name, maxSwitchName); err != nil {
		return err
	}
	if strings.Contains(name, "--") {
		return fmt.Errorf("has two dashes in a row")
	}
	return nil
}

// nodeNameError is nameError for nodes.
func nodeNameError(name string) error {
	if name == hostName {
		return fmt.Errorf("is taken, it stands for the machine")
	}
	return nameError(name, maxNodeName)
}

// onlyRunes checks that name has nothing but letters, digits and extra.
func onlyRunes(name, extra string) error {
	for _, c := range name {
		if c >= 0x80 || !isDigit(byte(c)) && !isLetter(byte(c)) && !strings.ContainsRune(extra, c) {
			return fmt.Errorf("has %q in it", c)
		}
	}
	return nil
}

// interfaceNameError says why a node's interface cannot have this name. It must
// suit the kernel, and netmap too, which reads a name that begins with val as a
// switch and takes - * ^ { } / @ for options.
func interfaceNameError(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("is empty")
	case len(name) > maxInterfaceName:
		return fmt.Errorf("is longer than %d bytes", maxInterfaceName)
	case name == "lo":
		return fmt.Errorf("is the loopback interface of every node")
	case name == "all" || name == "default":
		return fmt.Errorf("stands for every interface in sysctls")
	case strings.HasPrefix(name, "val"):
		return fmt.Errorf("begins with val, which netmap takes for a switch")
	case !isDigit(name[0]) && !isLetter(name[0]):
		return fmt.Errorf("does not begin with a letter or digit")
	}
	return onlyRunes(name, "_.")
}

// interfaceNameHint returns a hint for what interfaceNameError found.
func interfaceNameHint(name string) string {
	if better := strings.ReplaceAll(name, "-", "_"); better != name && interfaceNameError(better) == nil {
		return "netmap takes a dash for a ring number; try " + quote(better)
	}
	return `use a name such as "eth1"`
}

// hostInterfaceError says why no interface of a machine can have this name.
func hostInterfaceError(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("is empty")
	case len(name) > maxInterfaceName:
		return fmt.Errorf("is longer than %d bytes", maxInterfaceName)
	case name == "lo":
		return fmt.Errorf("is the loopback interface of the machine")
	case name == "." || name == "..":
		return fmt.Errorf("is no name")
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f || c == '/' || c == ':' {
			return fmt.Errorf("has %q in it", c)
		}
	}
	return nil
}
