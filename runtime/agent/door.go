package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/link"
)

// door is the socket that the programs of all guests connect to: netmap.sock in
// a folder that is bound into every container of theirs. Who has connected, the
// kernel says: the network namespace in which the socket was made.
type door struct {
	doorRecord
	listener int
	accept   *watch
}

// doorRecord is what the keeper holds of it.
type doorRecord struct {
	DoorSpec
	Inode uint64 `json:"inode"` // of the socket's file
}

// putDoor carries out PUT /v1/door.
func (a *agent) putDoor(spec DoorSpec) (created bool, err error) {
	if !filepath.IsAbs(spec.Folder) || filepath.Clean(spec.Folder) != spec.Folder {
		return false, invalid("door: folder: %q is not an absolute path", spec.Folder)
	}
	folder, err := openFolder(spec.Folder)
	if err != nil {
		return false, missing("door: %v", err)
	}
	defer folder.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.door != nil && a.door.Folder == spec.Folder && a.door.Inode == socketInode(folder) {
		return false, nil
	}
	fd, err := listen(folder, netmapSocket, unix.SOCK_SEQPACKET, 0o666)
	if err != nil {
		return false, err
	}
	record := doorRecord{DoorSpec: spec, Inode: socketInode(folder)}
	if err := a.openDoor(record, fd); err != nil {
		return false, err
	}
	return true, a.keep(kindDoor, "", record, fd)
}

// socketInode says which file the socket in a folder is; 0: there is none. A
// folder may have been emptied, or made anew.
func socketInode(folder *os.File) uint64 {
	var there unix.Stat_t
	if unix.Fstatat(int(folder.Fd()), netmapSocket, &there, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return 0
	}
	return there.Ino
}

// openDoor begins to listen at a door in the place of the one before.
func (a *agent) openDoor(record doorRecord, fd int) error {
	d := &door{doorRecord: record, listener: fd}
	var err error
	if d.accept, err = a.poller.add(fd, func() { a.acceptGuests(d) }); err != nil {
		closeFD(fd)
		return err
	}
	if old := a.door; old != nil {
		old.accept.stop()
		closeFD(old.listener)
	}
	a.door = d
	return nil
}

// restoreDoor makes a door again.
func (a *agent) restoreDoor(entry *keeper.Entry) error {
	var record doorRecord
	if err := decodeEntry(entry, &record); err != nil {
		return err
	}
	return a.openDoor(record, take(entry, 0))
}

// acceptGuests accepts what waits at the door.
func (a *agent) acceptGuests(d *door) {
	for range acceptBatch {
		a.mu.Lock()
		if a.door != d {
			a.mu.Unlock()
			return
		}
		conn, _, err := unix.Accept4(d.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EMFILE || err == unix.ENFILE {
			a.report(err, "accept connections", "of guests")
			d.turnAway(a)
		}
		a.mu.Unlock()
		switch err {
		case nil:
			a.welcomeGuest(conn)
		case unix.EINTR, unix.ECONNABORTED, unix.EMFILE, unix.ENFILE:
		default:
			return
		}
	}
}

// turnAway accepts a connection and closes it; see (*agent).turnAway.
func (d *door) turnAway(a *agent) {
	closeFD(a.reserve)
	if conn, _, err := unix.Accept4(d.listener, unix.SOCK_CLOEXEC); err == nil {
		closeFD(conn)
	}
	a.reserve = openReserve()
}

// welcomeGuest finds out whose a connection is. One that is nobody's is closed:
// the program is told that there is no such device.
func (a *agent) welcomeGuest(conn int) {
	peers, err := a.peersOf(conn)
	if err != nil {
		a.report(err, "connection of a guest", "")
		closeFD(conn)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n, err := a.guestWith(peers)
	if err != nil {
		a.report(err, "connection of a guest", "")
		closeFD(conn)
		return
	}
	a.programConnected(n, conn)
}

// peersOf returns what the devices of the lab's namespace are called, by their
// indices, that have their other ends in the namespace that a connection comes
// from.
func (a *agent) peersOf(conn int) (map[int]string, error) {
	cookie, err := unix.GetsockoptUint64(conn, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if errors.Is(err, unix.ENOPROTOOPT) {
		return nil, errors.New("programs in containers of networks need Linux 5.14 or newer")
	}
	if err != nil {
		return nil, err
	}
	peer, err := unix.GetsockoptUcred(conn, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", peer.Pid))
	if err != nil {
		return nil, err
	}
	ns, err := link.Open(file)
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	// A process can go elsewhere, and its number become another's. The socket
	// stays in the namespace that it was made in.
	if have, err := ns.Cookie(); err != nil || have != cookie {
		return nil, fmt.Errorf("process %d is not where its socket was made", peer.Pid)
	}
	lab, err := link.Current()
	if err != nil {
		return nil, err
	}
	defer lab.Close()
	return ns.PeersIn(lab)
}

// guestWith finds the guest that has endpoints with these devices, and notes
// what they are called inside.
func (a *agent) guestWith(peers map[int]string) (*labNode, error) {
	var n *labNode
	names := make(map[string]string)
	for _, e := range a.endpoints {
		inside, ok := peers[e.At.IfIndex]
		if !ok || !a.nodes[e.Node].isGuest() {
			continue
		}
		if n != nil && n.name != e.Node {
			return nil, fmt.Errorf("%s and %s are in one namespace", n.name, e.Node)
		}
		n = a.nodes[e.Node]
		names[e.Interface] = inside
	}
	if n == nil {
		return nil, errors.New("it comes from no container of these networks")
	}
	spec := GuestSpec{Title: n.guest.Title, Names: names, Namespace: n.guest.Namespace}
	if !n.guest.same(&spec) {
		if err := a.keep(kindGuest, n.name, spec); err != nil {
			return nil, err
		}
		n.guest = &spec
	}
	return n, nil
}
