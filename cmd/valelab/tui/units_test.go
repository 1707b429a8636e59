package tui

import "testing"

func TestShort(t *testing.T) {
	for _, test := range []struct {
		x    float64
		want string
	}{
		{0, "0"}, {7.4, "7"}, {999.4, "999"}, {999.6, "1.0k"}, {1000, "1.0k"}, {31_245_000, "31.2M"},
		{123_400, "123k"}, {999_600, "1.0M"}, {1.5e13, "15.0T"},
	} {
		if got := Short(test.x); got != test.want {
			t.Errorf("Short(%v) = %q, want %q", test.x, got, test.want)
		}
	}
}
