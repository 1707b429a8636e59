package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
)

func versionCommand(*flag.FlagSet) runFunc {
	return func(_ context.Context, s streams, words []string) error {
		if len(words) > 0 {
			return usagef("", "version takes no words")
		}
		_, err := fmt.Fprintf(s.out, "valelab %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	}
}
