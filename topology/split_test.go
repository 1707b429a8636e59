package topology

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		command string
		want    []string
	}{
		{"", nil},
		{" \t\n", nil},
		{"sleep infinity", []string{"sleep", "infinity"}},
		{"  a\tb\nc  ", []string{"a", "b", "c"}},
		{`sh -c 'echo "$HOME" \n'`, []string{"sh", "-c", `echo "$HOME" \n`}},
		{`sh -c "echo \"\$HOME\" \\ \n 'x'"`, []string{"sh", "-c", `echo "$HOME" \ \n 'x'`}},
		{`a\ b \'c\" \\`, []string{"a b", `'c"`, `\`}},
		{`'' ""`, []string{"", ""}},
		{`a''b"c"d`, []string{"abcd"}},
		{"a\\\nb \"c\\\nd\"", []string{"ab", "cd"}},
		{"a \\\n b", []string{"a", "b"}},
		{"a | b && c > d # e", []string{"a", "|", "b", "&&", "c", ">", "d", "#", "e"}},
		{"größe 世界", []string{"größe", "世界"}},
	} {
		got, err := split(test.command)
		if err != nil {
			t.Errorf("%q: %v", test.command, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.command, diff)
		}
	}
	for _, command := range []string{"'", `"`, `a 'b`, `a "b`, `a\`, `"a\"`, `it's`} {
		if got, err := split(command); err == nil {
			t.Errorf("%q: got %q, want an error", command, got)
		}
	}
}

// FuzzSplit: words in single quotes come back as they were, and no input panics or
// yields more text than it has.
func FuzzSplit(f *testing.F) {
	f.Add("sh -c 'a b' \"c\\\"\" \\d")
	f.Fuzz(func(t *testing.T, text string) {
		if words, err := split(text); err == nil && len(strings.Join(words, "")) > len(text) {
			t.Errorf("%q becomes %q", text, words)
		}
		word := strings.ReplaceAll(text, "'", "")
		got, err := split("x '" + word + "' 'y'")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"x", word, "y"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
