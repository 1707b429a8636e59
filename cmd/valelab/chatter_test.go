package main

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Nodes of a lab whose endpoints talk in circles: the fifth byte of an address
// counts the nodes, from 0 to circle-1, the sixth their endpoints.
const circle = 10

// probeChatter sends a frame from each interface to the one of the same number
// in the next node, again and again.
func probeChatter(interval string) error {
	every, err := time.ParseDuration(interval)
	if err != nil {
		return err
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	sock, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return err
	}
	for {
		for _, i := range interfaces {
			if len(i.HardwareAddr) != 6 {
				continue
			}
			frame := make([]byte, 60)
			copy(frame, i.HardwareAddr)
			frame[4] = (frame[4] + 1) % circle
			copy(frame[6:], i.HardwareAddr)
			frame[12], frame[13] = 0x88, 0xb5
			if err := unix.Sendto(sock, frame, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
				return err
			}
		}
		time.Sleep(every)
	}
}
