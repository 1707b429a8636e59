package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"slices"
	"strings"

	"github.com/valelab/valelab/netmap/kernel"
)

// What programs have open of netmap's module lasts as long as their descriptors,
// and outlives this server: nothing is noted of it. Who has what, the names on the
// module say, which are made of the node's; no program can say them.

// ModulePorts is what the names of the ports of a node's programs on the lab's
// switches begin with, if these are the module's.
func ModulePorts(node string) string { return "v" + digest("node "+node, 6) }

// ModulePort is the name of one of them, behind the colon.
func ModulePort(node, port string) string { return ModulePorts(node) + digest("port "+port, 8) }

// modulePipe is the module's name of the parent of pipes that are nobody's but the
// node's: a network device of its namespace, while one of them is open.
func modulePipe(node, parent string) string { return "b" + digest("pipe "+node+"/"+parent, 14) }

// digest is a name of so many letters for what has too long a one.
func digest(text string, letters int) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:letters]
}

// modulePipes says whether pipes of this parent are the module's: by the memory
// that they are to lie in, or because there are such.
func (s *Space) modulePipes(parent string, memory uint16) (bool, error) {
	if memory == 0 {
		_, err := net.InterfaceByName(modulePipe(s.node, parent))
		return err == nil, nil
	}
	if s.memories[memory] != nil {
		return false, nil
	}
	return s.ownsModuleMemory(memory)
}

// ownsModuleMemory says whether a memory of the module's is that of a port that
// programs of the node have open.
func (s *Space) ownsModuleMemory(id uint16) (bool, error) {
	endpoints := s.host.ModulePorts()
	control, err := kernel.Open()
	if err != nil {
		return false, nil // there is no module
	}
	defer control.Close()
	all, err := control.List()
	if err != nil {
		return false, err
	}
	for _, p := range all {
		_, port, _ := strings.Cut(p.Name, ":")
		if !slices.Contains(endpoints, p.Name) && !strings.HasPrefix(port, ModulePorts(s.node)) {
			continue
		}
		if info, err := control.Info(p.Name); err == nil && info.MemID == id {
			return true, nil
		}
	}
	return false, nil
}
