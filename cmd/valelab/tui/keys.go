package tui

import "github.com/charmbracelet/bubbles/key"

// keyMap is every key there is; the help is made from it.
type keyMap struct {
	Up, Down, PageUp, PageDown, Top, Bottom key.Binding
	Left, Right, Enter, Back                key.Binding
	Next, Previous, Screen                  key.Binding
	Filter, Sort, Reverse                   key.Binding
	Freeze, Zero, Unzero, Units             key.Binding
	Faster, Slower                          key.Binding
	Capture, Stop, Shell, Logs              key.Binding
	Help, Quit                              key.Binding
}

func newKeyMap() keyMap {
	bind := func(show, about string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(show, about))
	}
	return keyMap{
		Up:       bind("up k", "up", "up", "k"),
		Down:     bind("down j", "down", "down", "j"),
		PageUp:   bind("pgup ^b", "a page up", "pgup", "ctrl+b"),
		PageDown: bind("pgdn ^f", "a page down", "pgdown", "ctrl+f"),
		Top:      bind("home g", "to the first", "home", "g"),
		Bottom:   bind("end G", "to the last, and stay there", "end", "G"),
		Left:     bind("left h", "screen before, ring before", "left", "h"),
		Right:    bind("right", "next screen, next ring (l too, where there are no nodes)", "right"),
		Enter:    bind("enter", "look into it", "enter"),
		Back:     bind("esc", "back; drop the filter", "esc", "backspace"),
		Next:     bind("tab", "next screen", "tab"),
		Previous: bind("shift+tab", "screen before", "shift+tab"),
		Screen:   bind("1-7", "a screen", "1", "2", "3", "4", "5", "6", "7"),
		Filter:   bind("/", "filter: words that must be there, !word: must not", "/"),
		Sort:     bind("s", "sort by the next column", "s"),
		Reverse:  bind("r", "reverse the order", "r"),
		Freeze:   bind("space", "freeze and go on", " "),
		Zero:     bind("z", "count from here (the display, not the counters)", "z"),
		Unzero:   bind("Z", "count from the beginning again", "Z"),
		Units:    bind("u", "units: bits, bytes, digits", "u"),
		Faster:   bind("+", "look more often", "+", "="),
		Slower:   bind("-", "look less often", "-", "_"),
		Capture:  bind("c", "capture this endpoint into a file", "c"),
		Stop:     bind("x", "stop this capture", "x", "delete"),
		Shell:    bind("e", "shell in this node", "e"),
		Logs:     bind("l", "log of this node", "l"),
		Help:     bind("?", "this help", "?"),
		Quit:     bind("q", "quit", "q", "ctrl+c"),
	}
}

// groups are the keys as the help shows them.
func (k *keyMap) groups() []keyGroup {
	return []keyGroup{
		{"Move", []key.Binding{k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom, k.Left, k.Right, k.Next, k.Previous, k.Screen, k.Enter, k.Back}},
		{"Show", []key.Binding{k.Filter, k.Sort, k.Reverse, k.Freeze, k.Zero, k.Unzero, k.Units, k.Faster, k.Slower}},
		{"Do", []key.Binding{k.Capture, k.Stop, k.Shell, k.Logs, k.Help, k.Quit}},
	}
}

type keyGroup struct {
	title string
	keys  []key.Binding
}
