package quiet

import (
	"os"
	"testing"
)

func TestOver(t *testing.T) {
	if value := os.Getenv(variable); value != "1" {
		t.Errorf("while packages are initialized: %s is %q", variable, value)
	}
	for _, want := range []bool{false, true} {
		before, had = "before", want
		Over()
		if value, has := os.LookupEnv(variable); has != want || has && value != "before" {
			t.Errorf("afterwards %s is %q, there: %v, want %v", variable, value, has, want)
		}
	}
}
