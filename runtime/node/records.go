package node

// #include "config.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// recordType is one of the record types of config.h, where each is explained.
type recordType uint16

const (
	recordHostname   recordType = C.RECORD_HOSTNAME
	recordAlias      recordType = C.RECORD_ALIAS
	recordDir        recordType = C.RECORD_DIR
	recordArg        recordType = C.RECORD_ARG
	recordEnv        recordType = C.RECORD_ENV
	recordSysctl     recordType = C.RECORD_SYSCTL
	recordMask       recordType = C.RECORD_MASK
	recordCgroup     recordType = C.RECORD_CGROUP
	recordGroups     recordType = C.RECORD_GROUPS
	recordCPUs       recordType = C.RECORD_CPUS
	recordUID        recordType = C.RECORD_UID
	recordGID        recordType = C.RECORD_GID
	recordRestart    recordType = C.RECORD_RESTART
	recordRestartMax recordType = C.RECORD_RESTART_MAX
	recordPidfd      recordType = C.RECORD_PIDFD
	recordCaps       recordType = C.RECORD_CAPS
	recordDelay      recordType = C.RECORD_DELAY
	recordLogMax     recordType = C.RECORD_LOG_MAX

	maxCPUs    = C.CONFIG_CPUS
	maxMessage = C.CONFIG_MAX
)

// errTooLong says that the command and environment of a node are more than
// its init takes.
var errTooLong = fmt.Errorf("command, environment and settings are longer than %d bytes together", maxMessage)

// record is one item of a configuration.
type record struct {
	kind    recordType
	payload []byte
}

func text(kind recordType, s string) record { return record{kind, append([]byte(s), 0)} }

func texts(kind recordType, all []string) []record {
	records := make([]record, len(all))
	for i, s := range all {
		records[i] = text(kind, s)
	}
	return records
}

func number32(kind recordType, n uint32) record {
	return record{kind, binary.NativeEndian.AppendUint32(nil, n)}
}

func numbers32(kind recordType, all []uint32) record {
	r := record{kind: kind}
	for _, n := range all {
		r.payload = binary.NativeEndian.AppendUint32(r.payload, n)
	}
	return r
}

func number64(kind recordType, n uint64) record {
	return record{kind, binary.NativeEndian.AppendUint64(nil, n)}
}

// encode puts records into the form that config.h gives.
func encode(records []record) ([]byte, error) {
	message := binary.NativeEndian.AppendUint32(nil, C.CONFIG_MAGIC)
	message = binary.NativeEndian.AppendUint32(message, 0)
	for _, r := range records {
		message = binary.NativeEndian.AppendUint16(message, uint16(r.kind))
		message = binary.NativeEndian.AppendUint16(message, 0)
		message = binary.NativeEndian.AppendUint32(message, uint32(len(r.payload)))
		message = append(message, r.payload...)
	}
	size := len(message) - C.CONFIG_HEADER
	if size > maxMessage {
		return nil, errTooLong
	}
	binary.NativeEndian.PutUint32(message[4:], uint32(size))
	return message, nil
}

// decode takes apart what encode has made.
func decode(message []byte) ([]record, error) {
	order := binary.NativeEndian
	if len(message) < C.CONFIG_HEADER || order.Uint32(message) != C.CONFIG_MAGIC ||
		uint64(order.Uint32(message[4:])) != uint64(len(message)-C.CONFIG_HEADER) || len(message)-C.CONFIG_HEADER > maxMessage {
		return nil, errors.New("not a configuration")
	}
	var records []record
	for rest := message[C.CONFIG_HEADER:]; len(rest) > 0; {
		if len(rest) < C.CONFIG_RECORD {
			return nil, errors.New("record cut short")
		}
		kind, zero, size := order.Uint16(rest), order.Uint16(rest[2:]), order.Uint32(rest[4:])
		rest = rest[C.CONFIG_RECORD:]
		if kind == 0 || kind >= C.RECORD_END || zero != 0 || uint64(size) > uint64(len(rest)) {
			return nil, errors.New("bad record")
		}
		records = append(records, record{recordType(kind), bytes.Clone(rest[:size])})
		rest = rest[size:]
	}
	return records, nil
}
