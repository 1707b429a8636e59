package diagram

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/valelab/valelab/topology"
)

// The lines that drawings are made of. Within quotes nothing ends them.
var (
	dotLine = regexp.MustCompile(strings.ReplaceAll(
		`^(graph "Q" \{|\}|  ("Q"|"Q" -- "Q"|graph|node|edge)( \[\w+=("Q"|[\w.]+)(, \w+=("Q"|[\w.]+))*\])?;)$`,
		"Q", `(?:[^"\\]|\\.)*`))
	mermaidLine = regexp.MustCompile(strings.ReplaceAll(
		`^(---|title: "Q"|flowchart LR|  \w+(\["Q"\]|\(\["Q"\]\)|(\[/"Q"/\])? (===|---|-\.-)(\|"Q"\|)? \w+))$`,
		"Q", `(?:[\w.,:/@+=() -]|<br>|#\d+;)*`))
	mermaidCode = regexp.MustCompile(`#(\d+);`)
)

// FuzzGraph: whatever names and images a plan has, drawings have the lines that
// they always have, and the names and images can be read out of them again.
func FuzzGraph(f *testing.F) {
	f.Add("alpine:3.20", "a", "eth1", "eth3")
	f.Add(`x"]; "y\`, `\N`, `|`, `a"b\`)
	f.Add("style:x#35;<b>&lt;", "end", "%%{init:{}}%%", "`[{(")
	f.Add("\x1b[31m\n\t\xff", "\u202e", "direction LR", "\x00")
	f.Add("日本", "--", "---", "|\"|")
	f.Fuzz(func(t *testing.T, image, node, iface, host string) {
		node = "n" + node // the other node has another name
		steps := []topology.Step{
			{Switch: &topology.Switch{Name: "left"}},
			{Switch: &topology.Switch{Name: "right"}},
			{Switch: &topology.Switch{Name: "wire", Wire: true}},
			{Node: &topology.Node{Name: "a"}},
			{Node: &topology.Node{Name: node, Image: image}},
			{Endpoint: &topology.Endpoint{Node: "a", Interface: "eth1", Switch: "wire"}},
			{Endpoint: &topology.Endpoint{Node: node, Interface: "w" + iface, Switch: "wire", IPv6: []string{"fd00::1/64"}}},
			{Endpoint: &topology.Endpoint{Node: node, Interface: "p" + iface, Switch: "left", IPv4: []string{"10.0.0.1/24"}}},
			{Access: &topology.Access{Node: node, Switch: "left"}},
			{Trunk: &topology.Trunk{A: "left", B: "right"}},
			{Uplink: &topology.Uplink{Switch: "right", Interface: "h" + host, Host: topology.HostKeep}},
		}
		g := Of(&topology.Plan{Lab: "fuzz", Steps: steps})
		texts := []string{printable(image), printable(node), printable("p" + iface)}

		dot := g.Dot()
		checkLines(t, dot, 4+2+2+1+5+1, dotLine)
		checkTexts(t, strings.NewReplacer(`\\`, `\`, `\"`, `"`, "&amp;", "&").Replace(dot), append(texts, printable("host:h"+host)))

		mermaid := g.Mermaid()
		checkLines(t, mermaid, 4+2+2+5, mermaidLine)
		checkTexts(t, mermaidCode.ReplaceAllStringFunc(mermaid, func(code string) string {
			c, err := strconv.Atoi(strings.Trim(code, "#;"))
			if err != nil {
				t.Fatal(err)
			}
			return string(rune(c))
		}), append(texts, printable("host:h"+host)))

		picture := g.Picture()
		checkLines(t, picture, 2+2+1+2+4+2, nil)
		checkTexts(t, picture, append(texts, printable("h"+host)))
		for _, c := range picture {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("picture has %q in it:\n%s", c, picture)
			}
		}
	})
}

func checkLines(t *testing.T, drawing string, want int, line *regexp.Regexp) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(drawing, "\n"), "\n")
	if len(lines) != want {
		t.Errorf("%d lines instead of %d:\n%s", len(lines), want, drawing)
	}
	for _, l := range lines {
		if line != nil && !line.MatchString(l) {
			t.Errorf("line %q of\n%s", l, drawing)
		}
	}
}

func checkTexts(t *testing.T, drawing string, texts []string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(drawing, text) {
			t.Errorf("%q is not in\n%s", text, drawing)
		}
	}
}
