package main

import (
	"context"
	"flag"
)

func logsCommand(fs *flag.FlagSet) runFunc {
	lab := labFlag(fs)
	follow := fs.Bool("follow", false, "go on with what is printed from now on")
	tail := fs.Int("tail", -1, "only the last `N` lines")
	return func(ctx context.Context, s streams, words []string) error {
		node, err := oneWord("node", words)
		if err != nil {
			return err
		}
		if node == "" {
			return usagef("valelab logs NODE", "logs: which node?")
		}
		if *tail < -1 {
			return usagef("", "logs: --tail is not negative")
		}
		running, err := openNode(*lab, node)
		if err != nil {
			return err
		}
		if running.IsContainer(node) {
			return running.ContainerLogs(ctx, node, *follow, *tail, s.out)
		}
		log, err := openNodeLog(running.Logs(node))
		if err != nil {
			return err
		}
		defer log.Close()
		text, err := log.readAll()
		if err != nil {
			return err
		}
		if _, err := s.out.Write(lastLines(text, *tail)); err != nil || !*follow {
			return err
		}
		return log.follow(ctx, s.out)
	}
}
