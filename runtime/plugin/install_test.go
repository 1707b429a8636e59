package plugin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestUnit is the command that a service runs.
func TestUnit(t *testing.T) {
	usual := Config{Name: "nets", Data: DefaultData("nets"), Socket: DefaultSocket("nets")}
	other := usual
	other.Data, other.Socket, other.Engine = "/srv/my nets", "/run/nets.sock", "unix:///run/e%.sock"
	for want, c := range map[string]Config{
		"ExecStart=/usr/bin/valelab plugin serve --name nets\n":                                                                                  usual,
		`ExecStart=/usr/bin/valelab plugin serve --name nets --data "/srv/my nets" --socket /run/nets.sock --engine unix:///run/e%%.sock` + "\n": other,
	} {
		text := Unit(c, "/usr/bin/valelab")
		for _, want := range []string{want, "\nBefore=docker.service\n", "\nKillMode=process\n", "\nWantedBy=multi-user.target\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
}

// TestInstaller is a service that is new, that is there, and that has changed.
func TestInstaller(t *testing.T) {
	var ran []string
	fault := errors.New("no systemd")
	i := Installer{Folder: t.TempDir(), Systemctl: func(_ context.Context, words ...string) error {
		ran = append(ran, strings.Join(words, " "))
		return fault
	}}
	path := filepath.Join(i.Folder, "nets-plugin.service")
	do := func(unit string, want ...string) {
		t.Helper()
		steps, err := i.Steps("nets", unit)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		ran = nil
		for _, s := range steps {
			texts = append(texts, s.Text)
			err := s.Do(t.Context())
			if command := strings.HasPrefix(s.Text, "systemctl "); err != nil != command {
				t.Errorf("%s: %v", s.Text, err)
			}
		}
		if !slices.Equal(texts, want) {
			t.Errorf("steps %q, want %q", texts, want)
		}
		if len(ran) == 0 || "systemctl "+ran[len(ran)-1] != want[len(want)-1] {
			t.Errorf("ran %q", ran)
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != unit {
			t.Errorf("unit: %q %v", have, err)
		}
	}
	do("one", "write "+path, "systemctl daemon-reload", "systemctl enable --now nets-plugin.service")
	do("one", "systemctl daemon-reload", "systemctl enable --now nets-plugin.service")
	do("two", "write "+path, "systemctl daemon-reload", "systemctl enable --now nets-plugin.service", "systemctl restart nets-plugin.service")
}
