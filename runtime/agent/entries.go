package agent

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/runtime/keeper"
)

// The kinds of entries that the keeper holds for the agent. A key is
// kind/name, a payload the JSON of the kind's record, with the files:
const (
	kindFormat   = "format"   // formatRecord: nothing
	kindAPI      = "api"      // none: the API's listening socket
	kindSwitch   = "switch"   // SwitchSpec: the switch's state
	kindNode     = "node"     // NodeSpec: the node's listening socket
	kindGate     = "gate"     // nothing: the socket that a container's process 1 waits at
	kindGuest    = "guest"    // GuestSpec: nothing
	kindDoor     = "door"     // doorRecord: the socket of all guests
	kindEndpoint = "endpoint" // endpointRecord: the packet socket
	kindUplink   = "uplink"   // uplinkRecord: the packet socket
	kindTrunk    = "trunk"    // TrunkState: nothing
	kindAccess   = "access"   // topology.Access: nothing

	kindNamespace = "namespace" // nothing: the network namespace of a node
)

// kinds are all kinds in the order in which they are restored, with the number
// of files that their entries have.
var kinds = []struct {
	name  string
	files int
}{
	{kindFormat, 0}, {kindAPI, 1}, {kindSwitch, 1}, {kindNode, 1}, {kindGuest, 0}, {kindNamespace, 1}, {kindGate, 1}, {kindDoor, 1},
	{kindEndpoint, 1}, {kindUplink, 1}, {kindTrunk, 0}, {kindAccess, 0},
	{serve.KindBridge, 1}, {serve.KindDevice, 0}, {serve.KindAttachment, 0}, {serve.KindOpen, 4},
	{serve.KindMonitor, 4},
}

// The entries of a lab outlive the program that made them. entryFormat is the
// version of all that they hold: records, files, and what is in the files that
// agents share. Whoever changes any of it, so that an older program could not
// go on with it, counts it up, and reads the older ones from oldestFormat on.
const (
	entryFormat  = 5 // 1 had no containers, 1 and 2 other records of opens, 1 to 3 no monitors, offsets, headers and attachments, 1 to 4 no guests
	oldestFormat = 3
)

// formatRecord says of which format the other entries are. Entries without one
// are of the first.
type formatRecord struct {
	Format int `json:"format"`
}

// checkFormat says whether this program can go on with the entries. One that
// can't must not touch them: the keeper has another one.
func checkFormat(entries []keeper.Entry) error {
	if len(entries) == 0 {
		return nil // of a lab that begins
	}
	record := formatRecord{Format: 1}
	for i := range entries {
		if kind, _ := splitKey(entries[i].Key); kind == kindFormat {
			if err := decodeEntry(&entries[i], &record); err != nil {
				return fmt.Errorf("format of the lab's entries: %w", err)
			}
		}
	}
	if record.Format < oldestFormat || record.Format > entryFormat {
		return fmt.Errorf("the lab's entries are of format %d, and this program knows %d to %d", record.Format, oldestFormat, entryFormat)
	}
	return nil
}

// socketPort is where a packet socket is a port.
type socketPort struct {
	IfIndex int `json:"ifindex"` // of the device that it is bound to
	Port    int `json:"port"`    // index on its switch
}

// endpointRecord is what the keeper holds of an endpoint.
type endpointRecord struct {
	Node      string       `json:"node"`
	Interface string       `json:"interface"`
	Spec      EndpointSpec `json:"spec"`
	At        socketPort   `json:"at"`
}

// uplinkRecord is what the keeper holds of an uplink.
type uplinkRecord struct {
	Interface string     `json:"interface"`
	Spec      UplinkSpec `json:"spec"`
	At        socketPort `json:"at"`
}

// entryKey is the key of an entry.
func entryKey(kind, name string) string { return kind + "/" + name }

// splitKey is the reverse of entryKey.
func splitKey(key string) (kind, name string) {
	kind, name, _ = strings.Cut(key, "/")
	return kind, name
}

// keep gives an entry to the keeper.
func (a *agent) keep(kind, name string, record any, fds ...int) error {
	payload, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return a.store.Put(entryKey(kind, name), payload, fds...)
}

// decodeEntry reads an entry's payload and checks how many files it has.
func decodeEntry(entry *keeper.Entry, record any) error {
	if err := checkFiles(entry); err != nil {
		return err
	}
	return decodeJSON(entry.Payload, record)
}

// checkFiles checks how many files an entry has.
func checkFiles(entry *keeper.Entry) error {
	kind, _ := splitKey(entry.Key)
	for _, known := range kinds {
		if known.name != kind {
			continue
		}
		if len(entry.FDs) != known.files {
			return fmt.Errorf("%d files, want %d", len(entry.FDs), known.files)
		}
		return nil
	}
	return fmt.Errorf("no such kind of entry")
}
