package main

import (
	"fmt"
	"net"
	"time"
)

// How long netprobe flood sends, and how long netprobe sink waits for more.
const (
	floodTime = 3 * time.Second
	sinkQuiet = time.Second
)

// probeFlood sends datagrams that make frames of 60 bytes, as fast as one socket
// takes them, and prints how many.
func probeFlood(address string) error {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	payload := make([]byte, 18)
	begin, n := time.Now(), 0
	for time.Since(begin) < floodTime {
		for range 64 {
			if _, err := conn.Write(payload); err == nil { // a full queue refuses some
				n++
			}
		}
	}
	fmt.Printf("sent %d packets, %d bytes in %.3f s\n", n, 60*n, time.Since(begin).Seconds())
	return nil
}

// probeSink says that it is ready, takes datagrams until none come any more, and
// prints how many there were.
func probeSink(address string) error {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.(*net.UDPConn).SetReadBuffer(4 << 20); err != nil {
		return err
	}
	fmt.Println("ready")
	datagram := make([]byte, 2048)
	n := 0
	var first, last time.Time
	for {
		if n%64 == 1 {
			last = time.Now()
			conn.SetReadDeadline(last.Add(sinkQuiet))
		}
		if _, _, err := conn.ReadFrom(datagram); err != nil {
			break
		}
		if n++; n == 1 {
			first = time.Now()
		}
	}
	fmt.Printf("received %d packets, %d bytes in %.3f s\n", n, 60*n, last.Sub(first).Seconds())
	return nil
}
