package flagtext

import (
	"flag"
	"slices"
	"strings"
	"text/tabwriter"
)

// none are the default values that go without saying.
var none = []string{"", "false", "0", "0s", "-1"}

// List describes the flags of a set, a line each; "" when it has none.
func List(fs *flag.FlagSet) string {
	var text strings.Builder
	tw := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fs.VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		if !slices.Contains(none, f.DefValue) {
			about += " (" + f.DefValue + ")"
		}
		tw.Write([]byte("  " + strings.TrimSpace(dashed(f.Name)+" "+value) + "\t" + about + "\n"))
	})
	tw.Flush() // a strings.Builder takes everything
	return text.String()
}

// dashed returns a flag as it is written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
