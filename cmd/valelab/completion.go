package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"slices"
)

const completionHelp = `The script lets a shell complete commands, flags, and the names of labs, nodes and
endpoints. It asks valelab, so that it need not be made anew with a newer one.

  source <(valelab completion bash)      for this bash, or in .bashrc
  source <(valelab completion zsh)       for this zsh, or in .zshrc behind compinit
  valelab completion fish | source       for this fish, or in config.fish

  valelab completion bash > /etc/bash_completion.d/valelab          for everybody
  valelab completion zsh > /usr/local/share/zsh/site-functions/_valelab
  valelab completion fish > /etc/fish/completions/valelab.fish
`

// shells are those that there is a script for.
var shells = []string{"bash", "zsh", "fish"}

//go:embed completion/*
var completionScripts embed.FS

func completionCommand(*flag.FlagSet) runFunc {
	return func(_ context.Context, s streams, words []string) error {
		shell, err := oneWord("shell", words)
		if err != nil {
			return err
		}
		if !slices.Contains(shells, shell) {
			return usagef("valelab completion bash", "completion: which shell: bash, zsh or fish?")
		}
		script, err := completionScripts.ReadFile("completion/valelab." + shell)
		if err != nil {
			return err
		}
		_, err = s.out.Write(script)
		return err
	}
}

// completeCommand is what the scripts ask. Its words are those of a command line,
// up to the one that is to be completed, which may be empty.
func completeCommand(*flag.FlagSet) runFunc {
	return func(ctx context.Context, s streams, words []string) error {
		if len(words) == 0 {
			return usagef("valelab help completion", "__complete: no word to complete")
		}
		for _, c := range completions(ctx, words) {
			if _, err := fmt.Fprintln(s.out, c); err != nil {
				return err
			}
		}
		return nil
	}
}
