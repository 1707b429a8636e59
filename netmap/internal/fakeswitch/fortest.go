package fakeswitch

import "testing"

// ForTest starts a switch that lives as long as the test does, and makes netmap.Open find it.
func ForTest(t testing.TB, c Config) *Switch {
	t.Helper()
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("VALELAB_NETMAP", s.Path())
	return s
}
