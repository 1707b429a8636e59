package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"github.com/muesli/termenv"
)

// pictures are the screens that the README shows.
var pictures = []struct {
	name          string
	width, height int
	keys          []string
}{
	{"top-overview", 100, 24, nil},
	{"top-ring", 100, 24, []string{"3", "/", "gen tx0", "enter", "enter"}},
	{"top-topology", 100, 24, []string{"4", "down", "down", "down", "down", "down"}},
}

// The pictures of the README are what top shows of the recorded samples; when that changes, `make pictures` draws
// them anew.
func TestPictures(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "labs", "pictures")
	readme, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		m, _ := recorded(t, Config{Renderer: plainRenderer(termenv.ANSI)})
		for range 40 { // as after a while
			m.past = append(m.past, m.past[len(m.past)-1]*(0.7+0.3*float64(len(m.past)%7)/6))
		}
		m.resize(p.width, p.height)
		m.pressAll(p.keys...)
		got := drawSVG(m.View(), p.width, p.height)
		file := filepath.Join(folder, p.name+".svg")
		checkFile(t, file, got)
		if !strings.Contains(string(readme), "labs/pictures/"+p.name+".svg") {
			t.Errorf("the README does not show %s", file)
		}
	}
}

// The size of a character in a picture.
const (
	charWidth  = 8.4
	charHeight = 18
	margin     = 12
)

// palette are the 16 colours of a terminal.
var palette = [16]string{
	"#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
	"#7b88a1", "#ff7b86", "#b5e890", "#ffd98a", "#82c7ff", "#e59cff", "#7fe3ef", "#ffffff",
}

// look is how characters of a terminal look.
type look struct {
	colour                         int // -1: the terminal's own
	bold, faint, underline, revert bool
}

// drawSVG draws a screen with its SGR codes.
func drawSVG(screen string, width, height int) string {
	const back, front = "#1e222a", "#d8dee9"
	var b strings.Builder
	w, h := float64(width)*charWidth+2*margin, height*charHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`+"\n", w, h)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%d" rx="8" fill="%s"/>`+"\n", w, h, back)
	for y, row := range strings.Split(screen, "\n") {
		x := 0
		now := look{colour: -1}
		for _, part := range strings.Split("\x1b[m"+row, "\x1b[") {
			code, text, ok := strings.Cut(part, "m")
			if !ok {
				continue
			}
			now = now.after(code)
			columns := runewidth.StringWidth(text)
			left, top := margin+float64(x)*charWidth, margin+y*charHeight
			fill := front
			if now.colour >= 0 {
				fill = palette[now.colour]
			}
			if now.revert {
				fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", left, top, float64(columns)*charWidth, charHeight, fill)
				fill = back
			}
			if strings.TrimSpace(text) != "" {
				fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f" xml:space="preserve" fill="%s"%s>%s</text>`+"\n",
					left, top+14, float64(columns)*charWidth, fill, now.attributes(), escapeXML(text))
			}
			x += columns
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func escapeXML(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// after is the look after an SGR code.
func (l look) after(code string) look {
	for _, c := range strings.Split(code, ";") {
		switch {
		case c == "" || c == "0":
			l = look{colour: -1}
		case c == "1":
			l.bold = true
		case c == "2":
			l.faint = true
		case c == "4":
			l.underline = true
		case c == "7":
			l.revert = true
		case len(c) == 2 && slices.Contains([]byte("39"), c[0]) && c[1] <= '7':
			l.colour = int(c[1] - '0')
			if c[0] == '9' {
				l.colour += 8
			}
		}
	}
	return l
}

func (l look) attributes() (text string) {
	if l.bold {
		text += ` font-weight="bold"`
	}
	if l.faint {
		text += ` opacity="0.75"`
	}
	if l.underline {
		text += ` text-decoration="underline"`
	}
	return text
}
