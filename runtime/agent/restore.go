package agent

import (
	"errors"
	"net"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/runtime/keeper"
)

// restore rebuilds the lab from what the keeper holds, and takes over the
// files. An entry that can't be restored is logged and forgotten: one broken
// port must not keep all others from working.
func (a *agent) restore(entries []keeper.Entry) (api net.Listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	forget := func(entry *keeper.Entry, err error) {
		a.report(err, "restore", entry.Key)
		a.report(a.store.Delete(entry.Key), "forget", entry.Key)
	}
	order := make(map[string][]*keeper.Entry)
	for i := range entries {
		kind, _ := splitKey(entries[i].Key)
		order[kind] = append(order[kind], &entries[i])
	}
	slices.SortFunc(order[serve.KindOpen], func(x, y *keeper.Entry) int {
		return serve.OpenOrder(y.Key) - serve.OpenOrder(x.Key)
	})
	slices.SortFunc(order[serve.KindMonitor], func(x, y *keeper.Entry) int {
		return serve.OpenOrder(x.Key) - serve.OpenOrder(y.Key)
	})
	for _, kind := range kinds {
		for _, entry := range order[kind.name] {
			err := error(nil)
			switch kind.name {
			case kindFormat: // was checked before
			case kindAPI:
				api, err = restoreAPI(entry)
			default:
				err = a.restoreEntry(entry)
			}
			if err != nil {
				forget(entry, err)
			}
		}
		delete(order, kind.name)
	}
	for _, unknown := range order {
		for _, entry := range unknown {
			forget(entry, errors.New("no such kind of entry"))
		}
	}
	for _, n := range a.nodes {
		n.space.Restored()
	}
	for i := range entries {
		drop(&entries[i])
	}
	return api
}

// restoreEntry restores an entry of the model.
func (a *agent) restoreEntry(entry *keeper.Entry) error {
	switch kind, name := splitKey(entry.Key); kind {
	case kindSwitch:
		return a.restoreSwitch(name, entry)
	case kindNode:
		return a.restoreNode(name, entry)
	case kindNamespace:
		return a.restoreNamespace(name, entry)
	case kindGate:
		return a.restoreGate(name, entry)
	case kindGuest:
		return a.restoreGuest(name, entry)
	case kindDoor:
		return a.restoreDoor(entry)
	case kindEndpoint:
		return a.restoreEndpoint(entry)
	case kindUplink:
		return a.restoreUplink(entry)
	case kindTrunk:
		return a.restoreTrunk(entry)
	case kindAccess:
		return a.restoreAccess(entry)
	case serve.KindBridge, serve.KindDevice, serve.KindAttachment:
		if err := checkFiles(entry); err != nil {
			return err
		}
		return a.restoreSpace(kind, entry)
	default:
		if err := checkFiles(entry); err != nil {
			return err
		}
		return a.restoreOpen(name, entry)
	}
}

// restoreAPI takes the API's listening socket over.
func restoreAPI(entry *keeper.Entry) (net.Listener, error) {
	if err := decodeEntry(entry, &struct{}{}); err != nil {
		return nil, err
	}
	return fileListener(take(entry, 0))
}

// openAPI makes the API's listening socket and gives it to the keeper, so that
// who connects while no agent runs is served by the next one.
func (a *agent) openAPI() (net.Listener, error) {
	fd, err := listen(a.folder, socketName, unix.SOCK_STREAM, 0o600)
	if err != nil {
		return nil, err
	}
	if err := a.keep(kindAPI, "", struct{}{}, fd); err != nil {
		closeFD(fd)
		return nil, err
	}
	return fileListener(fd)
}

// fileListener takes over a listening socket.
func fileListener(fd int) (net.Listener, error) {
	file := os.NewFile(uintptr(fd), socketName)
	defer file.Close()
	return net.FileListener(file)
}
