package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/kernel"
)

// What follows is netprobe: an ordinary socket program that the tests run in
// nodes. It is a mode of the test binary, so that nothing has to be installed.

// bodySize is the size of what `netprobe serve` sends.
const bodySize = 100_000_000

// body returns the same bodySize random bytes at each call.
func body() io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{'v', 'a', 'l', 'e'}), bodySize)
}

func netprobeMain() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: netprobe serve|get|udp|first|none|ping4|ping6|hold|chatter|control|share ADDRESS")
		os.Exit(2)
	}
	modes := map[string]func(string) error{
		"serve": probeServe, "get": probeGet, "udp": probeUDP, "first": probeFirst, "none": probeNone, "ping4": probePing4, "ping6": probePing6, "hold": probeHold,
		"chatter": probeChatter, "flood": probeFlood, "sink": probeSink, "control": probeControl, "share": probeShare,
	}
	if err := modes[os.Args[1]](os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "netprobe %s %s: %v\n", os.Args[1], os.Args[2], err)
		os.Exit(1)
	}
}

// probeServe answers HTTP with the body and UDP with what it got.
func probeServe(address string) error {
	echo, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	go func() {
		datagram := make([]byte, 65536)
		for {
			n, from, err := echo.ReadFrom(datagram)
			if err != nil {
				return
			}
			echo.WriteTo(datagram[:n], from)
		}
	}()
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part := int64(bodySize)
		if bytes := r.FormValue("bytes"); bytes != "" {
			part, _ = strconv.ParseInt(bytes, 10, 64) // what is no number is sent nothing
		}
		io.Copy(w, io.LimitReader(body(), part))
	}))
}

// probeGet fetches what probeServe sends and prints its hash; with ADDRESS/?bytes=N, of its first N bytes.
func probeGet(address string) error {
	if !strings.Contains(address, "/") {
		address += "/"
	}
	client := http.Client{Timeout: 60 * time.Second}
	var reply *http.Response
	err := retry(func() (err error) {
		reply, err = client.Get("http://" + address)
		return err
	})
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, reply.Body); err != nil {
		return err
	}
	_, err = fmt.Printf("%x\n", hash.Sum(nil))
	return err
}

// probeUDP sends datagrams up to the largest, which IP fragments, and compares the echoes.
func probeUDP(address string) error {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := retry(func() error { return echo(conn, []byte("are you there?")) }); err != nil {
		return err
	}
	for _, size := range []int{1, 100, 1400, 1473, 8000, 65000} {
		if err := echo(conn, bytes.Repeat([]byte{byte(size), 0x5a, 1}, size/3+1)[:size]); err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
	}
	return nil
}

// echo sends one datagram and reads it back.
func echo(conn net.Conn, sent []byte) error {
	if _, err := conn.Write(sent); err != nil {
		return err
	}
	got := make([]byte, 65536)
	conn.SetReadDeadline(time.Now().Add(time.Second))
	n, err := conn.Read(got)
	if err == nil && !bytes.Equal(got[:n], sent) {
		err = fmt.Errorf("got %d other bytes back", n)
	}
	return err
}

// probeFirst sends datagrams until the first is echoed.
func probeFirst(address string) error {
	if !echoes(address, 10*time.Second) {
		return errors.New("nothing is echoed")
	}
	return nil
}

// probeNone sends datagrams for a while, none of which may be echoed.
func probeNone(address string) error {
	if echoes(address, 300*time.Millisecond) {
		return errors.New("a datagram is echoed")
	}
	return nil
}

// echoes sends a datagram every 2 ms until one is echoed or the time is over.
func echoes(address string, limit time.Duration) bool {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		conn.Write([]byte("?")) // refused: nobody listens yet
		conn.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 16)); err == nil {
			return true
		}
	}
	return false
}

// probePing4 and probePing6 send ICMP echo requests and wait for the replies.
func probePing4(address string) error { return ping("ip4:icmp", address, 8, 0) }
func probePing6(address string) error { return ping("ip6:ipv6-icmp", address, 128, 129) }

func ping(network, address string, request, reply byte) error {
	to, err := net.ResolveIPAddr(network[:3], address)
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket(network, "")
	if err != nil {
		return err
	}
	defer conn.Close()
	for seq := range 3 {
		packet := make([]byte, 64)
		packet[0] = request
		binary.BigEndian.PutUint16(packet[4:], uint16(os.Getpid()))
		binary.BigEndian.PutUint16(packet[6:], uint16(seq))
		binary.BigEndian.PutUint16(packet[2:], internetChecksum(packet)) // IPv6: the kernel writes it anew
		if _, err := conn.WriteTo(packet, to); err != nil {
			return err
		}
		if err := awaitEcho(conn, reply, packet[4:8]); err != nil {
			return fmt.Errorf("echo request %d: %w", seq, err)
		}
	}
	return nil
}

// awaitEcho reads until the reply with the given identifier and number comes.
func awaitEcho(conn net.PacketConn, reply byte, id []byte) error {
	conn.SetReadDeadline(time.Now().Add(time.Second))
	got := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(got)
		if err != nil {
			return err
		}
		if n >= 8 && got[0] == reply && bytes.Equal(got[4:8], id) {
			return nil
		}
	}
}

func internetChecksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// retry tries for a few seconds: a server that was just started may not listen yet.
func retry(try func() error) error {
	var err error
	for range 20 {
		if err = try(); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// probeControl opens an interface by system calls of its own, as a program of the module does, and makes control
// requests on that very descriptor: about the interface, and for a persistent port, which must not become a network
// device of the node's. It prints the ports that it was told of, and waits.
func probeControl(iface string) error {
	d, err := kernel.Open()
	if err != nil {
		return err
	}
	want := kernel.Register{Mode: 1}
	if _, err := d.Register(iface, &want); err != nil {
		return err
	}
	info, err := d.Info(iface)
	if err == nil && info.MemID != want.MemID {
		err = fmt.Errorf("the memory of %s is %d, and %d of its rings", iface, info.MemID, want.MemID)
	}
	if err == nil {
		err = d.NewPort("pv1")
	}
	if err == nil {
		err = d.Sync(true)
	}
	if err != nil {
		return err
	}
	if dev, err := net.InterfaceByName("pv1"); err == nil {
		return fmt.Errorf("the module has made device %d in the node", dev.Index)
	}
	ports, err := d.List()
	if err != nil {
		return err
	}
	fmt.Printf("%d ports\n", len(ports))
	select {}
}

// probeShare opens, as a load balancer does, pipes in the memory of an interface's rings, and their other ends; a
// memory that is another's it must not get. The address is INTERFACE,MEMORY.
func probeShare(address string) error {
	iface, other, _ := strings.Cut(address, ",")
	foreign, err := strconv.ParseUint(other, 10, 16)
	if err != nil {
		return err
	}
	open := func(name string, memory uint16) (uint16, error) {
		d, err := kernel.Open() // until the program ends
		if err != nil {
			return 0, err
		}
		want := kernel.Register{Mode: 1, MemID: memory}
		_, err = d.Register(name, &want)
		return want.MemID, err
	}
	memory, err := open(iface, 0)
	if err != nil {
		return err
	}
	for _, pipe := range []struct {
		name   string
		memory uint16
	}{{iface + "{0", memory}, {iface + "}0", 0}, {"lbo{1", memory}, {"lbo}1", 0}} {
		if got, err := open(pipe.name, pipe.memory); err != nil || got != memory {
			return fmt.Errorf("%s: memory %d, want %d: %w", pipe.name, got, memory, err)
		}
	}
	for _, name := range []string{iface, iface + "{2", "lbo{2"} {
		if got, err := open(name, uint16(foreign)); err == nil {
			return fmt.Errorf("%s is in the memory of another, %d", name, got)
		}
	}
	fmt.Println("shared")
	select {}
}

// probeHold opens a netmap port and does nothing with it.
func probeHold(ports string) error {
	for port := range strings.SplitSeq(ports, ",") {
		p, err := netmap.Open(port)
		if err != nil {
			return err
		}
		defer p.Close()
	}
	select {}
}
