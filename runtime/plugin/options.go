package plugin

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/valelab/valelab/runtime/plugin/protocol"
	"github.com/valelab/valelab/topology"
)

// Options are those of a network, as `docker network create -o` gives them.
type Options struct {
	Switch  string `json:"switch"`            // its switch; networks that name the same share it
	MTU     int    `json:"mtu"`               // bytes
	Prefix  string `json:"prefix"`            // of the interfaces' names in the containers
	Gateway bool   `json:"gateway,omitempty"` // containers send everything else to the subnet's gateway
	Host    bool   `json:"host,omitempty"`    // the machine has a port on the switch, with the gateway's address
	Uplink  string `json:"uplink,omitempty"`  // an interface of the machine on the switch
	Rings   int    `json:"rings"`             // ring pairs of an endpoint
	Slots   int    `json:"slots"`             // slots of each ring
	Netmap  string `json:"netmap,omitempty"`  // topology.NetmapUser or NetmapKernel; empty: what the machine has
}

// EndpointOptions are those of a container's interface on a network.
type EndpointOptions struct {
	MAC  string // of the interface; empty: one that follows from network and address
	Name string // of the interface; engines that don't know it count on from the prefix
	Port string // what the endpoint is called in place of CONTAINER:INTERFACE
}

// genericKey is where an engine has the options of a driver.
const genericKey = "com.docker.network.generic"

// The bounds are those of lab files.
const (
	defaultMTU, minMTU, maxMTU       = 1500, 68, 9216
	defaultSlots, minSlots, maxSlots = 1024, 64, 4096
	defaultRings, maxRings           = 1, 16
	minMTUIPv6                       = 1280
	defaultPrefix                    = "eth"
)

var (
	networkKeys  = []string{"switch", "netmap", "mtu", "prefix", "gateway", "host", "uplink", "rings", "slots", "slice_id", "scope"}
	endpointKeys = []string{"mac", "name", "port"}

	switchPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$`)
	slicePattern  = regexp.MustCompile(`^[0-9]{1,9}$`)
	prefixPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,9}$`)
	devicePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}$`)
	portPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$`)
)

// parseOptions reads the options of a network. id is that of the network, after
// which a switch without a name is called.
func parseOptions(id string, options map[string]any) (Options, error) {
	given, err := generic(options)
	if err != nil {
		return Options{}, err
	}
	o := Options{
		Switch: "n" + short(id), MTU: defaultMTU, Prefix: defaultPrefix, Rings: defaultRings, Slots: defaultSlots,
	}
	if slice, ok := given["slice_id"]; ok {
		if !slicePattern.MatchString(slice) {
			return Options{}, fmt.Errorf("option slice_id: %q is not a number", slice)
		}
		if name, both := given["switch"]; both && name != "vale"+slice {
			return Options{}, fmt.Errorf("options slice_id and switch name two switches, vale%s and %s; hint: give one of them", slice, name)
		}
		given["switch"] = "vale" + slice
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if err := o.set(key, given[key]); err != nil {
			return Options{}, err
		}
	}
	if internal, _ := options["com.docker.network.internal"].(bool); internal && o.Gateway {
		return Options{}, fmt.Errorf("option gateway: an internal network has none; hint: leave --internal or gateway out")
	}
	return o, nil
}

// generic returns the driver's own options. An engine may leave them out.
func generic(options map[string]any) (map[string]string, error) {
	given := make(map[string]string)
	raw, ok := options[genericKey]
	if !ok || raw == nil {
		return given, nil
	}
	all, ok := raw.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("options: %s is not a list of options", genericKey)
	}
	for key, value := range all {
		name := strings.TrimPrefix(key, "valelab.")
		if key == "com.docker.network.driver.mtu" {
			name = "mtu"
		}
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("option %s: the value is not text", key)
		}
		if other, twice := given[name]; twice && other != text {
			return nil, fmt.Errorf("option %s is there twice", name)
		}
		given[name] = text
	}
	return given, nil
}

// set takes one option.
func (o *Options) set(key, value string) (err error) {
	switch key {
	case "switch":
		if !switchPattern.MatchString(value) {
			return fmt.Errorf("option switch: %.60q is not a switch's name: up to 31 letters, digits, and _ . - inside", value)
		}
		o.Switch = value
	case "slice_id": // is switch by now
	case "netmap":
		o.Netmap, err = backendOf(value)
	case "mtu":
		o.MTU, err = number(key, value, minMTU, maxMTU)
	case "rings":
		o.Rings, err = number(key, value, 1, maxRings)
	case "slots":
		o.Slots, err = number(key, value, minSlots, maxSlots)
	case "prefix":
		if !prefixPattern.MatchString(value) {
			return fmt.Errorf("option prefix: %.60q can't begin an interface's name; hint: up to 10 letters and digits, such as eth", value)
		}
		if strings.HasPrefix(value, "val") {
			return fmt.Errorf("option prefix: %q: netmap takes what begins with val for switches; hint: prefix=eth", value)
		}
		o.Prefix = value
	case "gateway":
		o.Gateway, err = toggle(key, value)
	case "host":
		o.Host, err = toggle(key, value)
	case "uplink":
		if !devicePattern.MatchString(value) {
			return fmt.Errorf("option uplink: %.60q is not an interface's name", value)
		}
		o.Uplink = value
	case "scope":
		return checkScope(value)
	default:
		return unknown("option", key, networkKeys)
	}
	return err
}

// backendOf reads what a network's switch is to be.
func backendOf(value string) (string, error) {
	switch value {
	case topology.NetmapAuto:
		return "", nil
	case topology.NetmapUser, topology.NetmapKernel:
		return value, nil
	}
	return "", fmt.Errorf("option netmap: %.60q is none of auto, user and kernel", value)
}

// checkScope says whether a network can be where it is asked to be: it is the
// machine's own.
func checkScope(value string) error {
	switch value {
	case protocol.ScopeLocal:
		return nil
	case protocol.ScopeGlobal:
		return errGlobal
	}
	return fmt.Errorf("option scope: %.60q is neither local nor global", value)
}

// errGlobal says that networks do not span machines.
var errGlobal = errors.New("networks that span machines are not there yet; hint: scope=local, or leave it out")

// parseEndpointOptions reads the options of an endpoint, which stand among the
// engine's own.
func parseEndpointOptions(options map[string]any) (EndpointOptions, error) {
	var o EndpointOptions
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if strings.HasPrefix(key, "com.docker.") || strings.HasPrefix(key, "org.") {
			continue
		}
		value, ok := options[key].(string)
		if !ok {
			return o, fmt.Errorf("option %.60s: the value is not text", key)
		}
		switch strings.TrimPrefix(key, "valelab.") {
		case "mac":
			mac, err := parseMAC(value)
			if err != nil {
				return o, fmt.Errorf("option mac: %w", err)
			}
			o.MAC = mac
		case "name":
			if !devicePattern.MatchString(value) || strings.HasPrefix(value, "val") {
				return o, fmt.Errorf("option name: %.60q can't be an interface's name", value)
			}
			o.Name = value
		case "port":
			if !portPattern.MatchString(value) {
				return o, fmt.Errorf("option port: %.60q can't be a port's name: up to 41 letters, digits, and _ . - inside", value)
			}
			o.Port = value
		default:
			return o, unknown("endpoint option", key, endpointKeys)
		}
	}
	return o, nil
}

// parseMAC reads the address of a single station.
func parseMAC(text string) (string, error) {
	mac, err := net.ParseMAC(text)
	switch {
	case err != nil || len(mac) != 6:
		return "", fmt.Errorf("%.60q is not an Ethernet address", text)
	case mac[0]&1 != 0:
		return "", fmt.Errorf("%s is the address of a group", mac)
	}
	return mac.String(), nil
}

func number(key, value string, least, most int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("option %s: %.60q is not a number from %d to %d", key, value, least, most)
	}
	return n, nil
}

func toggle(key, value string) (bool, error) {
	switch strings.ToLower(value) {
	case "on", "true", "yes", "1":
		return true, nil
	case "off", "false", "no", "0", "":
		return false, nil
	}
	return false, fmt.Errorf("option %s: %.60q is neither on nor off", key, value)
}

func unknown(what, key string, known []string) error {
	hint := topology.DidYouMean(key, known, "there are "+strings.Join(known, ", "))
	return fmt.Errorf("%s %.60q is not known; hint: %s", what, key, hint)
}
