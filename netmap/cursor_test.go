package netmap

import "testing"

// The cursor functions agree with the obvious arithmetic, for every pair of positions of small rings.
func TestCursor(t *testing.T) {
	for n := uint32(2); n < 20; n++ {
		for a := range n {
			if got, want := before(a, n), (a+n-1)%n; got != want {
				t.Errorf("before(%d, %d) = %d, want %d", a, n, got, want)
			}
			for b := range n {
				if got, want := distance(a, b, n), (b+n-a)%n; got != want {
					t.Errorf("distance(%d, %d, %d) = %d, want %d", a, b, n, got, want)
				}
				if got, want := advance(a, b, n), (a+b)%n; got != want {
					t.Errorf("advance(%d, %d, %d) = %d, want %d", a, b, n, got, want)
				}
			}
		}
	}
}
