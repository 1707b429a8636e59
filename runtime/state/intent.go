package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Intent is a change to an interface of the machine, written down before it is
// made, because the interface itself can't carry a lab's mark. It says how the
// interface was found, so that it can be given back like that.
//
// What an intent describes may not have happened yet, and may have gone since:
// with a reboot everything has, which is what Boot is for.
type Intent struct {
	Interface string `json:"interface"`
	Namespace string `json:"namespace"` // network namespace that the interface is in
	Index     int    `json:"index"`     // of the interface in there
	Boot      string `json:"boot"`      // the machine's boot that Namespace and Index belong to
	WasDown   bool   `json:"was-down,omitempty"`
	Take      bool   `json:"take,omitempty"` // the interface is taken from the machine's stack

	// Of an interface on netmap's module: the port that it is, SWITCH:INTERFACE,
	// and which of its offloads were on and are off now.
	Port     string   `json:"port,omitempty"`
	Offloads []string `json:"offloads,omitempty"`
}

// WriteIntent writes an intent down; it replaces the one of the same interface.
func (d Dir) WriteIntent(i Intent) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return WriteFile(d.intent(i.Interface), data, 0o600)
}

// ReadIntents returns the lab's intents, sorted by interface. One that can't
// be read does not hide the others.
func (d Dir) ReadIntents() ([]Intent, error) {
	entries, err := os.ReadDir(d.Intents())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lab %s: intents: %w", d.name, err)
	}
	var intents []Intent
	var faults []error
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || strings.HasPrefix(name, ".") {
			continue // the beginnings of a write that was cut off
		}
		i, err := d.ReadIntent(name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		intents = append(intents, i)
	}
	return intents, errors.Join(faults...)
}

// ReadIntent returns the intent of one interface; without one the error is
// fs.ErrNotExist.
func (d Dir) ReadIntent(iface string) (Intent, error) {
	data, err := os.ReadFile(d.intent(iface))
	if err != nil {
		return Intent{}, fmt.Errorf("lab %s: intent: %w", d.name, err)
	}
	i, err := parseIntent(data)
	if err == nil && i.Interface != iface {
		err = fmt.Errorf("is of interface %q", i.Interface)
	}
	if err != nil {
		return Intent{}, fmt.Errorf("lab %s: intent of %s: %w", d.name, iface, err)
	}
	return i, nil
}

// parseIntent reads what WriteIntent has written.
func parseIntent(data []byte) (Intent, error) {
	var i Intent
	if err := json.Unmarshal(data, &i); err != nil {
		return Intent{}, err
	}
	switch {
	case i.Interface == "" || strings.ContainsAny(i.Interface, "/\x00") || strings.HasPrefix(i.Interface, "."):
		return Intent{}, fmt.Errorf("bad interface name %q", i.Interface)
	case i.Namespace == "":
		return Intent{}, errors.New("no network namespace")
	case i.Index <= 0:
		return Intent{}, fmt.Errorf("bad interface index %d", i.Index)
	}
	return i, nil
}

// ForgetIntent removes an intent; one that is not there is no error.
func (d Dir) ForgetIntent(iface string) error {
	err := os.Remove(d.intent(iface))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d Dir) intent(iface string) string { return filepath.Join(d.Intents(), iface+".json") }

// BootID names the machine's current boot.
func BootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(id)), nil
}
