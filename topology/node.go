package topology

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Node is a node of a lab with everything it inherits applied. A node without
// an Image is a process on the machine's own file system, one with an Image a
// container.
type Node struct {
	Name         string        `json:"name"`
	Hostname     string        `json:"hostname"`
	Cmd          []string      `json:"cmd,omitempty"` // none: a process node just stands
	Env          []string      `json:"env,omitempty"` // "KEY=VALUE", sorted
	User         string        `json:"user,omitempty"`
	Labels       []KV          `json:"labels,omitempty"`  // sorted
	CPU          float64       `json:"cpu,omitempty"`     // processors; 0: no limit
	CPUSet       string        `json:"cpu-set,omitempty"` // as in "0-1,4"
	Memory       int64         `json:"memory,omitempty"`  // bytes; 0: no limit
	Sysctls      []KV          `json:"sysctls,omitempty"` // sorted; dotted names
	CapAdd       []string      `json:"cap-add,omitempty"` // "CAP_NET_ADMIN", sorted
	Restart      RestartPolicy `json:"restart"`
	StartupDelay time.Duration `json:"-"`                   // whole seconds; JSON has them as the number startup-delay
	Hosts        []Host        `json:"-"`                   // every name of the lab; JSON has it once, in the lab step
	NoNetmap     bool          `json:"no-netmap,omitempty"` // netmap: false: programs find no /dev/netmap
	DependsOn    []Dependency  `json:"-"`                   // sorted by node; a plan has it in the node's start step
	Vale         []string      `json:"-"`                   // switches that its programs may open, sorted; a plan has a step for each

	// The rest is only set for containers.

	Image       string       `json:"image,omitempty"`
	Entrypoint  []string     `json:"entrypoint,omitempty"`
	PullPolicy  string       `json:"image-pull-policy,omitempty"` // PullAlways or PullNever; "": when it is missing
	Exec        [][]string   `json:"exec,omitempty"`              // commands run once the node is up
	Binds       []string     `json:"binds,omitempty"`             // Docker's -v, of paths of the machine
	Volumes     []string     `json:"volumes,omitempty"`           // Docker's -v, of the engine's volumes
	Tmpfs       []string     `json:"tmpfs,omitempty"`             // Docker's --tmpfs
	Mgmt        bool         `json:"mgmt,omitempty"`              // eth0 is on the engine's bridge
	Ports       []string     `json:"ports,omitempty"`             // Docker's -p
	ShmSize     int64        `json:"shm-size,omitempty"`          // bytes; 0: the engine's default
	Devices     []string     `json:"devices,omitempty"`           // Docker's --device
	DNS         *DNS         `json:"dns,omitempty"`
	Healthcheck *Healthcheck `json:"healthcheck,omitempty"`
}

// KV is one entry of a map that is kept sorted by key.
type KV struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Names of restart policies, with Docker's meaning.
const (
	RestartNo            = "no"
	RestartOnFailure     = "on-failure"
	RestartAlways        = "always"
	RestartUnlessStopped = "unless-stopped"
)

// RestartPolicy says when a node's command is started again after it ended.
type RestartPolicy struct {
	Name string `json:"name"`
	Max  int    `json:"max,omitempty"` // restarts at most, of RestartOnFailure; 0: no limit
}

// Values of PullPolicy. Without one an image is pulled when the machine lacks it.
const (
	PullAlways = "always"
	PullNever  = "never"
)

// DNS is a container's resolver configuration.
type DNS struct {
	Servers []string `json:"servers,omitempty"`
	Search  []string `json:"search,omitempty"`
	Options []string `json:"options,omitempty"`
}

// Healthcheck is Docker's; times are in seconds, 0 is the engine's default.
type Healthcheck struct {
	Test        []string `json:"test"`
	Interval    int      `json:"interval,omitempty"`
	Timeout     int      `json:"timeout,omitempty"`
	StartPeriod int      `json:"start-period,omitempty"`
	Retries     int      `json:"retries,omitempty"`
}

// bareNode is Node without its methods.
type bareNode Node

// nodeJSON is Node as JSON has it.
type nodeJSON struct {
	*bareNode
	StartupDelay int64 `json:"startup-delay,omitempty"` // seconds
}

// MarshalJSON implements json.Marshaler.
func (n *Node) MarshalJSON() ([]byte, error) {
	return json.Marshal(nodeJSON{(*bareNode)(n), int64(n.StartupDelay / time.Second)})
}

// UnmarshalJSON implements json.Unmarshaler. Unknown keys are errors.
func (n *Node) UnmarshalJSON(data []byte) error {
	in := nodeJSON{bareNode: (*bareNode)(n)}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return err
	}
	if in.StartupDelay < 0 || in.StartupDelay > maxStartupDelay {
		return fmt.Errorf("startup-delay %d is out of range", in.StartupDelay)
	}
	n.StartupDelay = time.Duration(in.StartupDelay) * time.Second
	return nil
}
