package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The oracle of the chaos test: it looks at processes, namespaces, devices and
// at what the agent answers, and compares them with the lab file. It shares no
// code with deploy.

// chaosFacts are what one look at a running lab has found.
type chaosFacts struct {
	inits map[string]int // by node
	agent int
}

// observe compares a running lab with what it should be, and returns what
// differs. Names of unexpected things are in it, and of missing ones.
func (l *liveLab) observe(want *chaosLab) (facts chaosFacts, wrong []string) {
	fault := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	facts.inits = map[string]int{}
	dir := filepath.Join(l.root, l.name)
	keepers := 0
	for pid, args := range commandLines() {
		if len(args) < 2 || args[1] != dir {
			continue
		}
		switch {
		case args[0] == "valelab-keeper":
			keepers++
		case args[0] == "valelab-agent":
			facts.agent = pid
		case args[0] == "valelab-init" && want.nodes[args[2]] == nil:
			fault("there is a node %s", args[2])
		case args[0] == "valelab-init":
			if facts.inits[args[2]] != 0 {
				fault("node %s is there twice", args[2])
			}
			facts.inits[args[2]] = pid
		}
	}
	if keepers != 1 || facts.agent == 0 {
		fault("%d keepers, agent %d", keepers, facts.agent)
		return facts, wrong
	}
	if want.image != "" {
		for name, pid := range l.containers() {
			if want.nodes[name] == nil || !want.nodes[name].box {
				fault("there is a container of node %s", name)
			}
			facts.inits[name] = pid
		}
	}
	for name := range want.nodes {
		if facts.inits[name] == 0 {
			fault("node %s does not run", name)
			return facts, wrong
		}
	}
	wrong = append(wrong, observeAgent(dir, want)...)
	for name, n := range want.nodes {
		for _, w := range observeNode(facts.inits[name], name, n, want) {
			fault("node %s: %s", name, w)
		}
	}
	ends := 0
	for _, k := range want.links {
		ends += len(k.ends)
	}
	devices, err := devicesOf(facts.agent)
	if err != nil || len(devices) != ends {
		fault("%d devices of the lab, want %d (%v)", len(devices), ends, err)
	}
	if folders, err := os.ReadDir(filepath.Join(dir, "nodes")); err == nil {
		for _, f := range folders {
			if want.nodes[f.Name()] == nil {
				fault("there is a folder of node %s", f.Name())
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "next.json")); err == nil {
		fault("next.json is left")
	}
	return facts, wrong
}

// containers returns process 1 of each of the lab's containers, by node; 0 of
// one that does not run.
func (l *liveLab) containers() map[string]int {
	var list []struct {
		ID     string
		Labels map[string]string
	}
	ask(l.t, engineSocket, "GET", `/containers/json?all=1&filters={"label":["valelab.folder=`+filepath.Join(l.root, l.name)+`"]}`, nil, &list)
	all := map[string]int{}
	for _, c := range list {
		var one struct{ State struct{ Pid int } }
		ask(l.t, engineSocket, "GET", "/containers/"+c.ID+"/json", nil, &one)
		all[c.Labels["valelab.node"]] = one.State.Pid
	}
	return all
}

// commandLines returns the arguments of all processes.
func commandLines() map[int][]string {
	all := map[int][]string{}
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if pid, perr := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && perr == nil && len(text) > 0 {
			all[pid] = strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
		}
	}
	return all
}

// observeAgent compares what the agent has.
func observeAgent(dir string, want *chaosLab) (wrong []string) {
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("unix", filepath.Join(dir, "agent.sock"))
		},
	}}
	reply, err := client.Get("http://agent/v1/lab")
	if err != nil {
		return []string{err.Error()}
	}
	defer reply.Body.Close()
	var have struct {
		Switches  []struct{ Name string }
		Nodes     []struct{ Node string }
		Trunks    []struct{ A, B string }
		Endpoints []struct {
			Node, Interface, Switch, Mode, Fault string
			MTU, Slots                           int
		}
	}
	if err := json.NewDecoder(reply.Body).Decode(&have); err != nil {
		return []string{err.Error()}
	}
	got, expected := map[string]bool{}, map[string]bool{}
	for _, s := range have.Switches {
		got["switch "+s.Name] = true
	}
	for _, n := range have.Nodes {
		got["watched node "+n.Node] = true
	}
	for _, t := range have.Trunks {
		got["trunk "+t.A+" "+t.B] = true
	}
	for _, e := range have.Endpoints {
		got[fmt.Sprintf("endpoint %s:%s on %s mtu %d slots %d %s %s", e.Node, e.Interface, e.Switch, e.MTU, e.Slots, e.Mode, e.Fault)] = true
	}
	for s := range want.switches {
		expected["switch "+s] = true
	}
	for n := range want.nodes {
		expected["watched node "+n] = true
	}
	for t := range want.trunks {
		expected["trunk "+t[0]+" "+t[1]] = true
	}
	for _, k := range want.links {
		on := k.vale
		if on == "" {
			on = k.wire()
			expected["switch "+on] = true
		}
		for _, e := range k.ends {
			mode := "socket"
			if want.receives(e.node) && e.iface == "eth1" {
				mode = "netmap"
			}
			expected[fmt.Sprintf("endpoint %s:%s on %s mtu %d slots %d %s ", e.node, e.iface, on, k.mtu, k.slots, mode)] = true
		}
	}
	for thing := range got {
		if !expected[thing] {
			wrong = append(wrong, "the agent has "+thing)
		}
	}
	for thing := range expected {
		if !got[thing] {
			wrong = append(wrong, "the agent lacks "+thing)
		}
	}
	return wrong
}

// observeNode compares the inside of a node: interfaces, names, command.
func observeNode(init int, name string, n *chaosNode, want *chaosLab) (wrong []string) {
	expected := map[string]bool{}
	hosts := map[string]bool{}
	for _, k := range want.links {
		for _, e := range k.ends {
			ip, _, _ := strings.Cut(e.address(), "/")
			hosts[ip+"\t"+e.node+"-"+e.iface] = true
			if e.node == name {
				expected[fmt.Sprintf("%s mtu %d [%s]", e.iface, k.mtu, e.address())] = true
			}
		}
	}
	have, err := devicesOf(init)
	if err != nil {
		return []string{err.Error()}
	}
	for _, d := range have {
		if !expected[d] {
			wrong = append(wrong, "has interface "+d)
		}
		delete(expected, d)
	}
	for d := range expected {
		wrong = append(wrong, "lacks interface "+d)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/etc/hosts", init))
	if err != nil {
		return append(wrong, err.Error())
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 {
			lines = append(lines, fields[0]+"\t"+fields[1])
		}
	}
	for line := range hosts {
		if !slices.Contains(lines, line) {
			wrong = append(wrong, fmt.Sprintf("/etc/hosts lacks %q", line))
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "10.99.") && strings.Contains(line, "-") && !hosts[line] {
			wrong = append(wrong, fmt.Sprintf("/etc/hosts has %q", line))
		}
	}
	return append(wrong, observeCommand(init, n, strings.Fields(want.command(name)))...)
}

// observeCommand looks for the node's command and its environment and limit.
func observeCommand(init int, n *chaosNode, args []string) (wrong []string) {
	space, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", init))
	found := 0
	for pid, line := range commandLines() {
		if !slices.Equal(line, args) {
			continue
		}
		if own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid)); err != nil || own != space {
			continue
		}
		found++
		environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err == nil && !bytes.Contains(environ, fmt.Appendf(nil, "CHAOS=%d\x00", n.env)) {
			wrong = append(wrong, "its command has another environment")
		}
		if limit, ok := memoryLimit(pid); ok && limit != n.memory<<20 {
			wrong = append(wrong, fmt.Sprintf("its limit is %d, want %d MB", limit, n.memory))
		}
	}
	if found != 1 {
		wrong = append(wrong, fmt.Sprintf("%d times the command %q", found, args))
	}
	return wrong
}

// memoryLimit returns the limit of a process in bytes, 0 for none; false where
// this machine's control groups are others than the test knows.
func memoryLimit(pid int) (int, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 || fields[1] != "memory" {
			continue
		}
		value, err := os.ReadFile(filepath.Join("/sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes"))
		limit, perr := strconv.Atoi(strings.TrimSpace(string(value)))
		if err != nil || perr != nil {
			return 0, false
		}
		if limit > 1<<50 {
			limit = 0
		}
		return limit, true
	}
	return 0, false
}

// inNetns runs f on a thread in the network namespace of a process.
func inNetns(pid int, f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
			ns.Close()
		}
		if err == nil {
			err = f()
		}
		result <- err
	}()
	return <-result
}

// devicesOf lists the devices of a namespace but lo, as
// "NAME mtu MTU [IPv4 addresses]", with a word for those that are down.
func devicesOf(pid int) (all []string, err error) {
	err = inNetns(pid, func() error {
		links, err := netlink.LinkList()
		if err != nil {
			return err
		}
		for _, link := range links {
			a := link.Attrs()
			if a.Name == "lo" {
				continue
			}
			addresses, err := netlink.AddrList(link, netlink.FAMILY_V4)
			if err != nil {
				return err
			}
			text := []string{}
			for _, address := range addresses {
				text = append(text, address.IPNet.String())
			}
			down := ""
			if a.Flags&net.FlagUp == 0 {
				down = " down"
			}
			all = append(all, fmt.Sprintf("%s mtu %d [%s]%s", a.Name, a.MTU, strings.Join(text, " "), down))
		}
		return nil
	})
	return all, err
}

// probe sends a frame from one interface to another that the lab file joins,
// if there are two that sockets have, and returns "" when it arrives.
func (l *liveLab) probe(r *rand.Rand, want *chaosLab, facts chaosFacts) string {
	type end struct{ node, iface, lan string }
	var ends []end
	for _, k := range want.links {
		lan := k.wire()
		if k.vale != "" {
			lan = want.root(k.vale)
		}
		for _, e := range k.ends {
			if !want.receives(e.node) || e.iface != "eth1" {
				ends = append(ends, end{e.node, e.iface, lan})
			}
		}
	}
	r.Shuffle(len(ends), func(i, j int) { ends[i], ends[j] = ends[j], ends[i] })
	for i, a := range ends {
		for _, b := range ends[i+1:] {
			if a.lan != b.lan || a.node == b.node {
				continue
			}
			if err := sendFrame(facts.inits[a.node], a.iface, facts.inits[b.node], b.iface, r.Uint64()); err != nil {
				return fmt.Sprintf("%s:%s to %s:%s: %v", a.node, a.iface, b.node, b.iface, err)
			}
			return ""
		}
	}
	return ""
}

// probeType is the EtherType of probes, one for experiments.
const probeType = 0x88b5

// sendFrame sends a marked frame between two interfaces until it arrives.
func sendFrame(from int, fromIface string, to int, toIface string, mark uint64) error {
	tx, src, err := packetSocket(from, fromIface)
	if err != nil {
		return err
	}
	defer unix.Close(tx)
	rx, dst, err := packetSocket(to, toIface)
	if err != nil {
		return err
	}
	defer unix.Close(rx)
	frame := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint16(slices.Concat(dst, src), probeType), mark)
	frame = append(frame, make([]byte, 40)...)
	got := make([]byte, 2048)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if _, err := unix.Write(tx, frame); err != nil {
			return err
		}
		fds := []unix.PollFd{{Fd: int32(rx), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 100); err != nil || n == 0 {
			continue
		}
		if n, err := unix.Read(rx, got); err == nil && n >= len(frame) && bytes.Equal(got[:len(frame)], frame) {
			return nil
		}
	}
	return errors.New("no frame arrives")
}

// packetSocket opens a socket for probes on a node's interface.
func packetSocket(pid int, iface string) (fd int, mac net.HardwareAddr, err error) {
	const kind = probeType>>8 | probeType&0xff<<8 // in network order
	err = inNetns(pid, func() error {
		dev, err := net.InterfaceByName(iface)
		if err != nil {
			return err
		}
		mac = dev.HardwareAddr
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, kind); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: dev.Index, Protocol: kind})
	})
	return fd, mac, err
}

// traces are what there is of any lab of the state folder: the folder itself,
// processes, mounts, control groups.
func (l *liveLab) traces() string {
	l.t.Helper()
	all := processesOf(l.t, l.root)
	if _, err := os.Stat(l.root); err == nil {
		all = append(all, l.root)
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		l.t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, l.root) {
			all = append(all, line)
		}
	}
	sum := sha256.Sum256([]byte(l.root))
	for _, pattern := range []string{"/sys/fs/cgroup/valelab-%x*", "/sys/fs/cgroup/*/valelab-%x*"} {
		groups, err := filepath.Glob(fmt.Sprintf(pattern, sum[:4]))
		if err != nil {
			l.t.Fatal(err)
		}
		all = append(all, groups...)
	}
	return strings.Join(all, "\n")
}

// changedInits returns nodes that have another init than before.
func changedInits(before, now map[string]int) []string {
	var all []string
	for name, pid := range now {
		if before[name] != 0 && before[name] != pid {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
