package plugin

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/valelab/valelab/runtime/state"
)

// Installer makes a plugin a service of systemd, which then runs before engines
// start. Twice is fine: what is as it should be stays.
type Installer struct {
	Folder    string                                           // of units: /etc/systemd/system
	Systemctl func(ctx context.Context, words ...string) error // runs systemd's command
}

// Step is something that an Installer does.
type Step struct {
	Text string // what: a file that is written, or a command
	do   func(ctx context.Context) error
}

// Do carries the step out.
func (s *Step) Do(ctx context.Context) error { return s.do(ctx) }

// Steps returns what is to be done for a service, in order.
func (i *Installer) Steps(name, unit string) ([]Step, error) {
	path := filepath.Join(i.Folder, UnitName(name))
	have, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var steps []Step
	command := func(words ...string) {
		steps = append(steps, Step{"systemctl " + strings.Join(words, " "), func(ctx context.Context) error {
			return i.Systemctl(ctx, words...)
		}})
	}
	changed := !bytes.Equal(have, []byte(unit))
	if changed {
		steps = append(steps, Step{"write " + path, func(context.Context) error {
			return state.WriteLasting(path, []byte(unit), 0o644)
		}})
	}
	command("daemon-reload")
	command("enable", "--now", UnitName(name))
	if changed && err == nil { // it may run with the old command; traffic goes on meanwhile
		command("restart", UnitName(name))
	}
	return steps, nil
}
