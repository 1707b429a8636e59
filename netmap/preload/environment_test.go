package preload

import (
	"slices"
	"testing"
)

func TestEnvironment(t *testing.T) {
	for _, c := range []struct{ env, below, want []string }{
		{nil, nil, []string{"LD_PRELOAD=" + Path}},
		{[]string{"A=b"}, nil, []string{"A=b", "LD_PRELOAD=" + Path}},
		{[]string{"LD_PRELOAD=", "A=b"}, nil, []string{"A=b", "LD_PRELOAD=" + Path}},
		{[]string{"LD_PRELOAD=/a.so"}, []string{"LD_PRELOAD=/b.so"}, []string{"LD_PRELOAD=" + Path + ":/a.so"}},
		{nil, []string{"C=d", "LD_PRELOAD=/b.so"}, []string{"LD_PRELOAD=" + Path + ":/b.so"}},
	} {
		got := Environment(c.env, c.below)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q, %q: %q, want %q", c.env, c.below, got, c.want)
		}
		if !Loads(got) || Loads(c.env) {
			t.Errorf("%q: loads %v, before %v", got, Loads(got), Loads(c.env))
		}
	}
}
