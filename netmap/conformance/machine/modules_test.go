package main

import (
	"reflect"
	"strings"
	"testing"
)

const dep = `kernel/drivers/net/veth.ko.xz:
kernel/drivers/net/tun.ko:
kernel/net/sched/act-x.ko: kernel/net/b.ko kernel/net/a.ko
kernel/net/b.ko: kernel/net/a.ko
kernel/net/a.ko:
`

func TestModuleOrder(t *testing.T) {
	list, err := readModules(strings.NewReader(dep))
	if err != nil {
		t.Fatal(err)
	}
	got, err := list.order("kernel/net/packet/af_packet.ko\n", []string{"veth", "act_x", "tun", "af_packet", "not_there"})
	want := []string{"kernel/drivers/net/veth.ko.xz", "kernel/net/a.ko", "kernel/net/b.ko", "kernel/net/sched/act-x.ko", "kernel/drivers/net/tun.ko"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

// Labs can't do without veth; that it is part of the kernel is as good.
func TestModuleMissing(t *testing.T) {
	none, err := readModules(strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.order("", wanted); err == nil || !strings.Contains(err.Error(), "module veth") {
		t.Errorf("%v", err)
	}
	if files, err := none.order("kernel/drivers/net/veth.ko\nkernel/drivers/net/tun.ko\n", wanted); err != nil || files != nil {
		t.Errorf("%v, %v", files, err)
	}
}
