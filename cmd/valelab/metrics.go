package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/sample"
)

const metricsHelp = `Without --listen it prints them once. The same text is at /v1/metrics on the
socket of the lab's agent, where no further process is needed.
`

func metricsCommand(fs *flag.FlagSet) runFunc {
	listen := fs.String("listen", "", "serve them at http://`ADDRESS`/metrics, as in 127.0.0.1:9105, until interrupted")
	return func(ctx context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		if err != nil {
			return err
		}
		lab, err := openLab(word)
		if err != nil {
			return err
		}
		if *listen != "" {
			return serveMetrics(ctx, s, lab, *listen)
		}
		client := lab.Agent()
		defer client.Close()
		now, err := sampleOf(ctx, client)
		if err != nil {
			return err
		}
		return sample.WriteMetrics(s.out, now)
	}
}

// serveMetrics answers scrapers until ctx ends. Each gets the counters of its
// moment; while the lab has no agent it gets status 503.
func serveMetrics(ctx context.Context, s streams, lab *runtime.Lab, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return usagef("", "metrics: %w", err)
	}
	client := lab.Agent()
	defer client.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		now, err := sampleOf(r.Context(), client)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", sample.MetricsType)
		_ = sample.WriteMetrics(w, now) // who does not read it does not want it
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute}
	fmt.Fprintf(s.err, "metrics of %s at http://%s/metrics\n", lab.Name, listener.Addr())
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
