package link

import "testing"

// Ports that programs have are not taken off their switches with the lab's devices.
func TestLabDevice(t *testing.T) {
	for name, is := range map[string]bool{
		"p0123456789abcd": true, "t0123456789abca": true, "u0123456789abcb": true,
		"n0123456789abcd": false, "h0123456789abcd": false, "v0123456789abcd": false, "b0123456789abcd": false,
		"eth1": false, "p0123456789abc": false, "t0123456789abcc": false, "": false,
	} {
		if labDevice.MatchString(name) != is {
			t.Errorf("%q: want %v", name, is)
		}
	}
}
