package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0: 1, 0.5: 3, 0.9: 5, 1: 5} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if !slices.Equal(values, []float64{5, 1, 4, 2, 3}) {
		t.Error("the values were changed")
	}
	if median(nil) != 0 {
		t.Error("the median of nothing is not 0")
	}
}

func TestClass(t *testing.T) {
	const near = 150 * time.Nanosecond
	for _, test := range []struct {
		before, after time.Duration
		want          string
	}{{100, 150, "near"}, {100, 151, "moved"}, {400, 100, "moved"}, {151, 400, "far"}} {
		if got := (round{before: test.before, after: test.after}).class(near); got != test.want {
			t.Errorf("%v and %v are %s, want %s", test.before, test.after, got, test.want)
		}
	}
	if got := (round{before: 100, after: 100, flow: flow{others: 0.2}}).class(near); got != "disturbed" {
		t.Errorf("a round with a fifth for others is %s", got)
	}
}

// Silent windows and the first and last busy ones are left out; anything else
// that the receiver says is an error.
func TestSample(t *testing.T) {
	reports := `{"pps":0}
{"pps":1}
{"pps":2}
{"pps":3}
{"pps":4}
{"pps":0}
`
	rates, err := sample(strings.NewReader(reports))
	if err != nil || !slices.Equal(rates, []float64{2, 3}) {
		t.Errorf("rates %v, %v", rates, err)
	}
	if _, err := sample(strings.NewReader(reports + "valelab: it broke\n")); err == nil || !strings.Contains(err.Error(), "it broke") {
		t.Errorf("error %v", err)
	}
}

func TestCopyRate(t *testing.T) {
	for _, length := range []int{60, 64, 1514, copySize} {
		if rate, err := copyRate(length, time.Millisecond); err != nil || rate <= 0 {
			t.Errorf("copyRate(%d) = %v, %v", length, rate, err)
		}
	}
}

func TestLineTime(t *testing.T) {
	if _, err := processors(); err != nil {
		t.Skip(err)
	}
	if d, err := lineTime(); err != nil || d <= 0 {
		t.Errorf("lineTime() = %v, %v", d, err)
	}
}

func TestTicks(t *testing.T) {
	fields := strings.Fields("cpu 100 20 3 4000")
	if got, err := ticks(fields, 1, 3); err != nil || got != 1030*time.Millisecond {
		t.Errorf("ticks = %v, %v", got, err)
	}
	if _, err := ticks(fields, 5); err == nil {
		t.Error("a field that is not there was read")
	}
	if _, err := ticks(fields, 0); err == nil {
		t.Error("a word was read as a number")
	}
}
