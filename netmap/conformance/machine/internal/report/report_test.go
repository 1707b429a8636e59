package report

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestWriteAndRead(t *testing.T) {
	want := []Result{
		{Part: PartLabs, Name: "ping", Backend: "kernel", Seconds: 1.5, Text: "a\nb\x00"},
		{Part: PartEnd, OK: true},
	}
	var b bytes.Buffer
	b.WriteString("noise {\n")
	for _, r := range want {
		if err := Write(&b, r); err != nil {
			t.Fatal(err)
		}
		b.WriteString("[  1.0] more noise\r\n{}\n")
	}
	var got []Result
	if err := Read(&b, func(r Result) { got = append(got, r) }); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseTests(t *testing.T) {
	out := `=== RUN   TestA
    a_test.go:7: hello
=== RUN   TestA/sub
--- PASS: TestA (1.25s)
    --- PASS: TestA/sub (0.00s)
=== RUN   TestB
--- SKIP: TestB (0.00s)
    b_test.go:3: no device
=== RUN   TestC
    c_test.go:9: wrong
--- FAIL: TestC (2.00s)
panic: oh no
=== RUN   TestD
PASS is not written
`
	got := ParseTests(out)
	if len(got) != 4 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []Test{{"TestA", true, 1.25, "hello"}, {"TestB", false, 0, "no device"}, {"TestC", false, 2, "panic: oh no"}, {"TestD", false, 0, "not written"}} {
		g := got[i]
		if g.Name != want.Name || g.Passed != want.Passed || g.Seconds != want.Seconds || !strings.Contains(g.Output, want.Output) {
			t.Errorf("%+v, want %+v", g, want)
		}
	}
	if got := ParseTests("testing: warning: no tests to run\nPASS\n"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
