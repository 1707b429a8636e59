package main

import (
	"context"
	"path/filepath"

	"github.com/valelab/valelab/runtime/agent"
)

// isAgent says whether the keeper started this program as a lab's agent.
func isAgent(argv0 string) bool { return filepath.Base(argv0) == "valelab-agent" }

// runAgent is a lab's agent; args is the lab's state folder.
func runAgent(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return usagef("", "the agent is started by valelab deploy")
	}
	return agent.Main(ctx, args[0])
}
