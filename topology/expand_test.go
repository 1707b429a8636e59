package topology

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	vars := map[string]string{"BAR": "bar", "EMPTY": "", "LOOP": "$LOOP ${LOOP}", "_x1": "under"}
	lookup := func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"plain", "plain"},
		{"$BAR", "bar"},
		{"${BAR}baz", "barbaz"},
		{"$BAR$BAR", "barbar"},
		{"$_x1", "under"},
		{"$_ ${_} $", "$_ ${_} $"},
		{"$1 ${1} $@ $(x) $-", "$1 ${1} $@ $(x) $-"},
		{"$UNSET ${UNSET}", "$UNSET ${UNSET}"},
		{"${EMPTY}$EMPTY", ""},
		{"${UNSET:=def} ${UNSET:-def} ${UNSET=def} ${UNSET-def}", "def def def def"},
		{"${EMPTY:=def} ${EMPTY:-def} ${EMPTY=def}${EMPTY-def}", "def def "},
		{"${BAR:=def} ${BAR-def}", "bar bar"},
		{"${BAR+other} ${EMPTY:+other}${UNSET+other}", "other other"},
		{"${UNSET:=http://h:80/a-b=c}", "http://h:80/a-b=c"},
		{"${UNSET:=$BAR}", "bar"},
		{"${UNSET:=${UNSET:=${BAR}}}", "bar"},
		{"${UNSET:=}", ""},
		{"$$BAR $${BAR} $$$BAR $$$$", "$BAR ${BAR} $bar $$"},
		{"$LOOP", "$LOOP ${LOOP}"},
		{"a}b{c", "a}b{c"},
	} {
		got, err := expand(test.text, lookup, 1000)
		if err != nil || got != test.want {
			t.Errorf("%s: got %q, %v; want %q", test.text, got, err, test.want)
		}
	}
	for _, text := range []string{"${", "${BAR", "${UNSET:=${BAR}", "${}", "${-x}", "${BAR!}", "${BAR:x}", "${BAR%x}", "${BAR?x}",
		strings.Repeat("${UNSET:=", 20) + strings.Repeat("}", 20)} {
		if got, err := expand(text, lookup, 1000); err == nil {
			t.Errorf("%s: got %q, want an error", text, got)
		}
	}
	if _, err := expand("x${BAR}", lookup, 4); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := expand("x${BAR}", lookup, 3); err != errExpandedTooLarge {
		t.Errorf("over the limit: %v", err)
	}
}
