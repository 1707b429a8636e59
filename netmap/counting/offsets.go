package counting

import (
	"fmt"

	"github.com/cilium/ebpf/btf"
)

// offsets are where the module's structures have what is needed of them, in bytes.
type offsets struct {
	hwcur, rhead, slots, adapter, id int16 // of a ring (struct netmap_kring)
	memory                           int16 // of a port (struct netmap_adapter)
	number                           int16 // of its memory (struct netmap_mem_d)
}

// findOffsets asks the kernel for the types of the loaded module.
func findOffsets() (at offsets, err error) {
	types, err := btf.LoadKernelModuleSpec("netmap")
	if err != nil {
		return at, err
	}
	for _, m := range []struct {
		of, name string
		size     int
		at       *int16
	}{
		{"netmap_kring", "nr_hwcur", 4, &at.hwcur}, {"netmap_kring", "rhead", 4, &at.rhead},
		{"netmap_kring", "nkr_num_slots", 4, &at.slots}, {"netmap_kring", "na", 8, &at.adapter},
		{"netmap_kring", "ring_id", 4, &at.id}, {"netmap_adapter", "nm_mem", 8, &at.memory}, {"netmap_mem_d", "nm_id", 2, &at.number},
	} {
		if *m.at, err = offsetOf(types, m.of, m.name, m.size); err != nil {
			return at, err
		}
	}
	return at, nil
}

// offsetOf finds a member of a structure that has this many bytes.
func offsetOf(types *btf.Spec, of, name string, size int) (int16, error) {
	var s *btf.Struct
	if err := types.TypeByName(of, &s); err != nil {
		return 0, err
	}
	for _, m := range s.Members {
		if m.Name != name {
			continue
		}
		got, err := btf.Sizeof(m.Type)
		if err != nil || got != size || m.BitfieldSize != 0 || m.Offset.Bytes() > 1<<14 {
			return 0, fmt.Errorf("struct %s: %s is not as it is known here", of, name)
		}
		return int16(m.Offset.Bytes()), nil
	}
	return 0, fmt.Errorf("struct %s: there is no %s", of, name)
}
