package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/plugin"
)

// pluginWords returns the word after plugin, and what belongs to it.
func pluginWords(words []string) (word, folder string, err error) {
	if len(words) > 0 && words[0] == "package" {
		if len(words) != 2 {
			return "", "", usagef("", "plugin package: name one folder to write to")
		}
		return words[0], words[1], nil
	}
	word, err = oneWord("word", words)
	return word, "", err
}

// pluginInstall makes the plugin a service.
func pluginInstall(ctx context.Context, s streams, c plugin.Config, units string, dryRun bool) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	i := plugin.Installer{Folder: units, Systemctl: systemctl}
	steps, err := i.Steps(c.Name, plugin.Unit(c, program))
	if err != nil {
		return err
	}
	for _, step := range steps {
		fmt.Fprintln(s.out, step.Text)
		if dryRun {
			continue
		}
		if err := step.Do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// systemctl runs systemd's command.
func systemctl(ctx context.Context, words ...string) error {
	out, err := exec.CommandContext(ctx, "systemctl", words...).CombinedOutput()
	if err == nil {
		return nil
	}
	what := fmt.Errorf("systemctl %s: %w", strings.Join(words, " "), err)
	if line, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n")); len(line) > 0 {
		what = fmt.Errorf("systemctl %s: %s", strings.Join(words, " "), line)
	}
	return &runtime.HintError{Err: what, Hint: "without systemd: valelab plugin package FOLDER writes a Compose file that runs the plugin; or run valelab plugin serve before the engine"}
}
