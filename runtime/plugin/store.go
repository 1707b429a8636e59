package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/valelab/valelab/runtime/state"
)

// storeFormat is the version of the files. A newer one is not read.
const storeFormat = 1

// The files. Networks outlive a reboot, endpoints do not: their devices are gone
// with it.
const (
	networksFile  = "networks.json"
	endpointsFile = "endpoints.json"
)

// records is what the plugin knows, with the files that hold it. It may be used
// concurrently; what it returns are copies.
type records struct {
	lasting string // folder of networks.json
	lab     string // folder of endpoints.json

	mu        sync.Mutex
	networks  map[string]Network // by id, as endpoints
	endpoints map[string]Endpoint
}

type networksForm struct {
	Format   int       `json:"format"`
	Networks []Network `json:"networks"`
}

type endpointsForm struct {
	Format    int        `json:"format"`
	Endpoints []Endpoint `json:"endpoints"`
}

// openRecords reads the files. One that can't be read is put aside, and what it
// had comes from the engine: then notes says so.
func openRecords(lasting, lab string) (r *records, notes []error) {
	r = &records{lasting: lasting, lab: lab, networks: make(map[string]Network), endpoints: make(map[string]Endpoint)}
	networks, endpoints, err := ReadRecords(lasting, lab)
	if err != nil {
		for _, path := range []string{filepath.Join(lasting, networksFile), filepath.Join(lab, endpointsFile)} {
			if rerr := os.Rename(path, path+".broken"); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
				err = errors.Join(err, rerr)
			}
		}
		notes = append(notes, err)
	}
	for _, n := range networks {
		r.networks[n.ID] = n
	}
	for _, e := range endpoints {
		if _, ok := r.networks[e.Network]; ok {
			r.endpoints[e.ID] = e
		}
	}
	return r, notes
}

// ReadRecords reads what a plugin has written down, sorted. Files that are not
// there are empty.
func ReadRecords(lasting, lab string) ([]Network, []Endpoint, error) {
	var n networksForm
	var e endpointsForm
	err := readForm(filepath.Join(lasting, networksFile), &n, &n.Format)
	if err == nil {
		err = readForm(filepath.Join(lab, endpointsFile), &e, &e.Format)
	}
	if err != nil {
		return nil, nil, err
	}
	return n.Networks, e.Endpoints, nil
}

func readForm(path string, form any, format *int) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, form)
	}
	if err == nil && *format != storeFormat {
		err = fmt.Errorf("it is of format %d, and this program knows %d", *format, storeFormat)
	}
	if err != nil {
		return fmt.Errorf("records in %s: %w", path, err)
	}
	return nil
}

func (r *records) network(id string) (Network, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, ok := r.networks[id]
	return n, ok
}

func (r *records) endpoint(id string) (Endpoint, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.endpoints[id]
	return e, ok
}

// all returns everything, sorted.
func (r *records) all() (networks []Network, endpoints []Endpoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sorted()
}

func (r *records) sorted() (networks []Network, endpoints []Endpoint) {
	for _, id := range slices.Sorted(maps.Keys(r.networks)) {
		networks = append(networks, r.networks[id])
	}
	for _, id := range slices.Sorted(maps.Keys(r.endpoints)) {
		endpoints = append(endpoints, r.endpoints[id])
	}
	return networks, endpoints
}

// of returns the endpoints of a network.
func (r *records) of(network string) (endpoints []Endpoint) {
	_, all := r.all()
	return slices.DeleteFunc(all, func(e Endpoint) bool { return e.Network != network })
}

// putNetwork writes a network down; it is known once it is written.
func (r *records) putNetwork(n Network) error {
	return change(r, &r.networks, r.writeNetworks, func(all map[string]Network) { all[n.ID] = n })
}

// dropNetwork forgets a network and its endpoints.
func (r *records) dropNetwork(id string) error {
	for _, e := range r.of(id) {
		if err := r.dropEndpoint(e.ID); err != nil {
			return err
		}
	}
	return change(r, &r.networks, r.writeNetworks, func(all map[string]Network) { delete(all, id) })
}

func (r *records) putEndpoint(e Endpoint) error {
	return change(r, &r.endpoints, r.writeEndpoints, func(all map[string]Endpoint) { all[e.ID] = e })
}

func (r *records) dropEndpoint(id string) error {
	return change(r, &r.endpoints, r.writeEndpoints, func(all map[string]Endpoint) { delete(all, id) })
}

// change changes what is known and writes it down. When that fails, what is known
// is what it was.
func change[T any](r *records, known *map[string]T, write func() error, do func(map[string]T)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := *known
	*known = maps.Clone(before)
	do(*known)
	err := write()
	if err != nil {
		*known = before
	}
	return err
}

func (r *records) writeNetworks() error {
	networks, _ := r.sorted()
	return r.write(r.lasting, networksFile, networksForm{storeFormat, networks})
}

func (r *records) writeEndpoints() error {
	_, endpoints := r.sorted()
	return r.write(r.lab, endpointsFile, endpointsForm{storeFormat, endpoints})
}

// write replaces a file. What is in the lasting folder is on the disk when it
// returns.
func (r *records) write(folder, name string, form any) error {
	data, err := json.MarshalIndent(form, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(folder, name)
	if folder == r.lasting {
		err = state.WriteLasting(path, append(data, '\n'), 0o600)
	} else {
		err = state.WriteFile(path, append(data, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return nil
}

// remove removes the lasting file of a plugin that knows nothing, and its folder if
// nothing else is in there.
func (r *records) remove() error {
	err := os.Remove(filepath.Join(r.lasting, networksFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(r.lasting) // it may be somebody's mount
	return nil
}
