package agent

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/valelab/valelab/runtime/sample"
)

// The bounds of the time between two samples of a stream.
const (
	minInterval = 20 * time.Millisecond
	maxInterval = time.Hour
)

// streamSamples answers GET /v1/samples.
func (a *agent) streamSamples(w http.ResponseWriter, r *http.Request) {
	interval, err := time.ParseDuration(r.URL.Query().Get("interval"))
	if err != nil || interval < minInterval || interval > maxInterval {
		fail(w, invalid("interval: a time from %v to %v is needed, as in ?interval=1s", minInterval, maxInterval))
		return
	}
	w.Header().Set("Content-Type", sample.StreamType)
	live, err := newLiveWriter(w)
	if err != nil {
		fail(w, err)
		return
	}
	encoder, samples := sample.NewEncoder(live), newSampler(a)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for encoder.Encode(samples.next()) == nil {
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-a.stopping:
			return
		}
	}
}

// Samples is a running GET /v1/samples. One goroutine reads it.
type Samples struct {
	body    io.ReadCloser
	decoder *sample.Decoder
}

// Samples starts a stream of samples, one now and then one each interval. It ends with the context, with
// Close, or when the agent does; the caller closes it.
func (c *Client) Samples(ctx context.Context, interval time.Duration) (*Samples, error) {
	resp, err := c.do(ctx, http.MethodGet, "/v1/samples?interval="+interval.String(), nil)
	if err != nil {
		return nil, err
	}
	return &Samples{body: resp.Body, decoder: sample.NewDecoder(resp.Body)}, nil
}

// Next waits for the next sample, which is good until Next is called for the second time. Its error matches ErrNoAgent when the agent has gone.
func (s *Samples) Next() (*sample.Sample, error) {
	next, err := s.decoder.Next()
	if err != nil && !errors.Is(err, sample.ErrStream) {
		err = errors.Join(ErrNoAgent, err)
	}
	return next, err
}

// Close ends the stream; a Next that waits returns an error.
func (s *Samples) Close() error { return s.body.Close() }
