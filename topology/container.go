package topology

import (
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// binds reads Docker's -v of paths of the machine: HOST:CONTAINER[:OPTIONS], HOST
// relative to the lab file, or CONTAINER for a volume without a name.
func (r *reader) binds(v item, what string) ([]string, bool) {
	binds, ok := r.textList(v, what, "write HOST:CONTAINER or HOST:CONTAINER:ro", bindProblem)
	for i, bind := range binds {
		binds[i] = r.absoluteBind(bind)
		ok = r.spend(v.at, len(binds[i])) && ok
	}
	return binds, ok
}

// bindProblem says what is wrong with a bind.
func bindProblem(text string) string {
	parts := strings.Split(text, ":")
	target := parts[len(parts)-1]
	if len(parts) > 1 {
		target = parts[1]
	}
	switch {
	case len(parts) > 3 || parts[0] == "":
		return "is not a bind"
	case !path.IsAbs(target) || path.Clean(target) == "/":
		return "does not bind to an absolute path"
	case within(target, ownFolder):
		return "binds to " + ownFolder + ", which is valelab's"
	}
	return ""
}

// ownFolder is what every node finds there from valelab.
const ownFolder = "/run/valelab"

// within says whether a path is the folder or in it.
func within(name, folder string) bool {
	name = path.Clean(name)
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// absoluteBind makes the host's part of a bind absolute.
func (r *reader) absoluteBind(bind string) string {
	host, rest, two := strings.Cut(bind, ":")
	switch {
	case !two || path.IsAbs(host):
		return bind
	case host == "~" || strings.HasPrefix(host, "~/"):
		if home, ok := r.env.Lookup("HOME"); ok && path.IsAbs(home) {
			return path.Join(home, host[1:]) + ":" + rest
		}
		return bind
	case r.env.Folder == "":
		return bind
	}
	return path.Join(r.env.Folder, host) + ":" + rest
}

// volumes reads Docker's -v of volumes of the engine: NAME:CONTAINER[:OPTIONS], or
// CONTAINER for one without a name.
func (r *reader) volumes(v item, what string) ([]string, bool) {
	return r.textList(v, what, "write NAME:CONTAINER; paths of the machine are called binds", func(text string) string {
		if problem := bindProblem(text); problem != "" {
			return strings.ReplaceAll(problem, "a bind", "a volume")
		}
		name, _, named := strings.Cut(text, ":")
		if named && nameError(name, maxVolumeName) != nil {
			return "is not a volume"
		}
		return ""
	})
}

// maxVolumeName bounds the name of a volume, in bytes.
const maxVolumeName = 255

// tmpfs reads Docker's --tmpfs: CONTAINER[:OPTIONS].
func (r *reader) tmpfs(v item, what string) ([]string, bool) {
	return r.textList(v, what, "write CONTAINER or CONTAINER:size=64m", func(text string) string {
		switch target := tmpfsTarget(text); {
		case !path.IsAbs(target) || target == "/":
			return "is not an absolute path"
		case within(target, ownFolder):
			return "is " + ownFolder + ", which is valelab's"
		}
		return ""
	})
}

// tmpfsTarget returns where in the container a tmpfs appears.
func tmpfsTarget(text string) string {
	target, _, _ := strings.Cut(text, ":")
	return path.Clean(target)
}

// pullPolicy reads when an image is pulled. containerlab's name for missing is
// taken too.
func (r *reader) pullPolicy(v item, what string) (string, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return "", false
	}
	switch policy := strings.ToLower(text); policy {
	case "missing", "ifnotpresent":
		return "", true
	case PullAlways, PullNever:
		return policy, true
	}
	r.fault(v.at, "write always, missing or never", "%s: %s is not a pull policy", what, quote(text))
	return "", false
}

// bindTarget returns where in the container a bind appears.
func bindTarget(bind string) string {
	parts := strings.Split(bind, ":")
	if len(parts) == 1 {
		return path.Clean(bind)
	}
	return path.Clean(parts[1])
}

// ports reads Docker's -p: [[IP:]HOST:]CONTAINER[/PROTOCOL].
func (r *reader) ports(v item, what string) ([]string, bool) {
	return r.textList(v, what, "write HOST:CONTAINER or HOST:CONTAINER/udp", func(text string) string {
		rest, protocol, given := strings.Cut(text, "/")
		if given && protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
			return "has an unknown protocol"
		}
		ip := ""
		if i := strings.LastIndexByte(rest, ':'); i >= 0 {
			if j := strings.LastIndexByte(rest[:i], ':'); j >= 0 {
				ip, rest = rest[:j], rest[j+1:]
			}
		}
		if ip != "" {
			if _, err := netip.ParseAddr(strings.Trim(ip, "[]")); err != nil {
				return "has a bad address"
			}
		}
		host, container, two := strings.Cut(rest, ":")
		if !two {
			host, container = "", host
		}
		if !portRange(container) || host != "" && !portRange(host) {
			return "has a bad port"
		}
		return ""
	})
}

// portRange reports whether text is a port or FIRST-LAST.
func portRange(text string) bool {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	a, errA := strconv.ParseUint(first, 10, 16)
	b, errB := strconv.ParseUint(last, 10, 16)
	return errA == nil && errB == nil && a > 0 && a <= b
}

// devices reads Docker's --device: HOST[:CONTAINER][:rwm].
func (r *reader) devices(v item, what string) ([]string, bool) {
	return r.textList(v, what, "write /dev/NAME or /dev/NAME:/dev/NAME:rwm", func(text string) string {
		parts := strings.Split(text, ":")
		if len(parts) > 3 {
			return "is not a device"
		}
		for i, part := range parts {
			permissions := i > 0 && i == len(parts)-1 && part != "" && strings.Trim(part, "rwm") == ""
			if !path.IsAbs(part) && !permissions {
				return "is not a device"
			}
		}
		return ""
	})
}

// dns reads a container's resolver configuration.
func (r *reader) dns(v item, what string) (*DNS, bool) {
	entries, ok := r.mapping(v, what, "dns has servers, search and options")
	var d DNS
	for _, e := range entries {
		sub, valid := what+" "+e.key, true
		switch e.key {
		case "servers":
			d.Servers, valid = r.textList(e.value, sub, "for example 9.9.9.9", func(text string) string {
				if _, err := netip.ParseAddr(text); err != nil {
					return "is not an IP address"
				}
				return ""
			})
		case "search":
			d.Search, valid = r.textList(e.value, sub, "", noSpace)
		case "options":
			d.Options, valid = r.textList(e.value, sub, "", noSpace)
		default:
			r.unknownKey(e, what, []string{"servers", "search", "options"})
			valid = false
		}
		ok = ok && valid
	}
	return &d, ok
}

func noSpace(text string) string {
	if strings.ContainsAny(text, " \t\n") {
		return "has a space in it"
	}
	return ""
}

// healthcheck reads a container's health check.
func (r *reader) healthcheck(v item, what string) (*Healthcheck, bool) {
	const maxSeconds = 24 * 60 * 60
	entries, ok := r.mapping(v, what, "healthcheck has test, interval, timeout, retries and start-period")
	var h Healthcheck
	for _, e := range entries {
		sub, valid := what+" "+e.key, true
		switch e.key {
		case "test":
			h.Test, valid = r.textList(e.value, sub, "", func(string) string { return "" })
		case "interval":
			h.Interval, valid = r.integer(e.value, sub, 0, maxSeconds)
		case "timeout":
			h.Timeout, valid = r.integer(e.value, sub, 0, maxSeconds)
		case "start-period":
			h.StartPeriod, valid = r.integer(e.value, sub, 0, maxSeconds)
		case "retries":
			h.Retries, valid = r.integer(e.value, sub, 0, 1000)
		default:
			r.unknownKey(e, what, []string{"test", "interval", "timeout", "retries", "start-period"})
			valid = false
		}
		ok = ok && valid
	}
	if ok && (len(h.Test) == 0 || h.Test[0] != "CMD" && h.Test[0] != "CMD-SHELL" && h.Test[0] != "NONE") {
		r.fault(v.at, "for example test: [CMD-SHELL, pgrep nginx]", "%s: test must be a list that begins with CMD, CMD-SHELL or NONE", what)
		return nil, false
	}
	return &h, ok
}
