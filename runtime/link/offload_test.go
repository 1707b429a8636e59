package link

import "testing"

func TestFeatures(t *testing.T) {
	var f features
	for _, index := range []uint{0, 31, 32, 63} {
		if err := f.grow(index); err != nil {
			t.Fatal(err)
		}
		f.set(index)
	}
	if f.words != 2 || f.bits[0] != 1|1<<31 || f.bits[1] != 1|1<<31 {
		t.Errorf("features %+v", f)
	}
	if err := f.grow(maxFeatures); err == nil {
		t.Error("a kernel with too many offloads is accepted")
	}
}
