package keeper

import (
	"encoding/binary"
	"fmt"
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// list asks for all entries. Those that came before an error are returned
// with it.
func (s *Store) list() (entries []Entry, err error) {
	if err := s.send(&message{op: opList}, nil); err != nil {
		return nil, err
	}
	buf := make([]byte, headerSize+MaxKey+MaxPayload+1)
	for {
		m, fds, err := s.receive(buf)
		if err != nil {
			return entries, err
		}
		switch {
		case m.op == opEntry && m.key != "":
			payload := append([]byte(nil), m.payload...)
			entries = append(entries, Entry{Key: m.key, Payload: payload, FDs: fds})
		case m.op == opEnd && len(m.payload) == historySize && len(fds) == 0:
			s.history = decodeHistory(m.payload)
			return entries, nil
		default:
			closeFDs(fds)
			return entries, fmt.Errorf("%w: operation %d", errMessage, m.op)
		}
	}
}

// receive reads one message with its files.
func (s *Store) receive(buf []byte) (*message, []int, error) {
	oob := make([]byte, unix.CmsgSpace(4*MaxFiles))
	n, oobn, flags, _, err := s.conn.ReadMsgUnix(buf, oob)
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	fds, err := parseRights(oob[:oobn])
	if err == nil && flags&unix.MSG_CTRUNC != 0 {
		err = unix.EMFILE
	}
	var m *message
	if err == nil {
		m, err = decode(buf[:n], len(fds))
	}
	if err != nil {
		closeFDs(fds)
		return nil, nil, err
	}
	return m, fds, nil
}

// parseRights returns the files of one control message, or none.
func parseRights(oob []byte) ([]int, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) != 1 {
		return nil, errMessage
	}
	return unix.ParseUnixRights(&messages[0])
}

func decodeHistory(payload []byte) History {
	order := binary.NativeEndian
	return History{
		Restarts: int(order.Uint32(payload)) - 1,
		Status:   syscall.WaitStatus(order.Uint32(payload[4:])),
	}
}

func closeEntries(entries []Entry) {
	for _, entry := range entries {
		closeFDs(entry.FDs)
	}
}

func closeFDs(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}
