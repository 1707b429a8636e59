package main

import (
	"testing"
	"time"
)

// Nothing that a program writes where it may write harms anybody but itself. `make soak` gives it longer.
func TestRootGarbage(t *testing.T) { garbage(t, 3, time.Second) }
