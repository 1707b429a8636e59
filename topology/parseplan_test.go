package topology

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestParsePlanRefuses changes a good plan in ways that must be noticed.
func TestParsePlanRefuses(t *testing.T) {
	lab, err := Parse("lab.yml", []byte(`
name: a
switches: {x: {}, y: {}}
nodes: {m: {cmd: sleep 1}, n: {depends_on: {m: exited}, vale: [y]}, o: {image: x, image-pull-policy: never, depends_on: [m, n]}}
links: [["m:e", x], ["m:f", "n:e"], [x, y], [x, "host:p"]]
`), Env{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(lab.Compile())
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	if _, err := ParsePlan(data); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ old, new string }{
		{`{"lab":"a"`, `{"lab":"b"`},
		{`{"lab":"a"`, `{"lab":"a","more":1`},
		{`"netmap":"auto"`, `"netmap":"fast"`},
		{`"name":"a"`, `"name":"../a"`},
		{`{"id":"lab","kind":"lab","lab":{"name":"a"}},`, ``},
		{`"kind":"switch"`, `"kind":"node"`},
		{`"id":"switch/x"`, `"id":"switch/z"`},
		{`"switch":{"name":"x"}`, `"switch":{"name":"x"},"start":{"node":"m"}`},
		{`"switch":{"name":"x"}`, `"switch":null`},
		{`"switch":{"name":"x"}`, `"switch":{"name":"x","wire":true}`},
		{`"name":"m:f--n:e"`, `"name":"m:f--n"`},
		{`"needs":["lab"]`, `"needs":[]`},
		{`"name":"m","hostname"`, `"name":"m","what":1,"hostname"`},
		{`"hostname":"m"`, `"hostname":"m","cpu":-1`},
		{`"hostname":"m"`, `"hostname":"m","startup-delay":-1`},
		{`"hostname":"m"`, `"hostname":"m","startup-delay":99999999999`},
		{`"restart":{"name":"no"}`, `"restart":{"name":"never"}`},
		{`"interface":"e"`, `"interface":"lo"`},
		{`"mtu":1500`, `"mtu":1`},
		{`"mac":"02`, `"mac":"03`},
		{`"a":"x","b":"y"`, `"a":"y","b":"x"`},
		{`"host":"keep"`, `"host":"steal"`},
		{`"access":{"node":"n","switch":"y"}`, `"access":{"node":"n","switch":"x"}`},
		{`"id":"access/n:y"`, `"id":"access/m:y"`},
		{`"access/n:y","start/m"`, `"start/m"`},
		{`"start":{"node":"m"}`, `"start":{"node":"o"}`},
		{`"condition":"exited"`, `"condition":"happy"`},
		{`"after":[{"node":"m","condition":"exited"}]`, `"after":[]`},
		{`{"node":"m","condition":"started"},{"node":"n","condition":"started"}`, `{"node":"n","condition":"started"},{"node":"m","condition":"started"}`},
		{`"image-pull-policy":"never"`, `"image-pull-policy":"sometimes"`},
	} {
		bad := strings.Replace(good, test.old, test.new, 1)
		if bad == good {
			t.Errorf("%s is not in the plan: %s", test.old, good)
		}
		if _, err := ParsePlan([]byte(bad)); err == nil {
			t.Errorf("%s passes for %s", test.new, test.old)
		}
	}
	for _, bad := range []string{"", "{}", "[]", "null", good + "{}", good[:len(good)-1]} {
		if _, err := ParsePlan([]byte(bad)); err == nil {
			t.Errorf("%.20q passes for a plan", bad)
		}
	}
}
