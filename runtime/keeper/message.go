package keeper

import (
	"encoding/binary"
	"fmt"
)

// message is one message of message.h, without its files.
type message struct {
	op      uint32
	err     int32 // errno
	files   uint32
	key     string
	payload []byte
}

// encode returns the bytes of a message.
func (m *message) encode() []byte {
	order := binary.NativeEndian
	buf := make([]byte, 0, headerSize+len(m.key)+len(m.payload))
	buf = order.AppendUint32(buf, m.op)
	buf = order.AppendUint32(buf, uint32(m.err))
	buf = order.AppendUint32(buf, m.files)
	buf = order.AppendUint32(buf, uint32(len(m.key)))
	buf = order.AppendUint32(buf, uint32(len(m.payload)))
	buf = append(buf, m.key...)
	return append(buf, m.payload...)
}

// decode reads a message that came with so many files. The payload is part of
// buf. Its error matches errMessage.
func decode(buf []byte, files int) (*message, error) {
	if len(buf) < headerSize {
		return nil, fmt.Errorf("%w: %d bytes", errMessage, len(buf))
	}
	order := binary.NativeEndian
	m := &message{
		op:    order.Uint32(buf),
		err:   int32(order.Uint32(buf[4:])),
		files: order.Uint32(buf[8:]),
	}
	keyLen, payloadLen := order.Uint32(buf[12:]), order.Uint32(buf[16:])
	if keyLen > MaxKey || payloadLen > MaxPayload || m.files > MaxFiles {
		return nil, fmt.Errorf("%w: a part is too long", errMessage)
	}
	if len(buf) != headerSize+int(keyLen)+int(payloadLen) || files != int(m.files) {
		return nil, fmt.Errorf("%w: lengths do not add up", errMessage)
	}
	m.key = string(buf[headerSize : headerSize+keyLen])
	m.payload = buf[headerSize+keyLen:]
	return m, nil
}
