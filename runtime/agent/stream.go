package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Stream is a running GET /v1/events. One goroutine reads it.
type Stream struct {
	body    io.ReadCloser
	decoder *json.Decoder
}

// Events starts a stream of events: the agent's last ones first, then each as
// it happens. The stream ends with the context, with Close, or when the agent
// does; the caller closes it.
func (c *Client) Events(ctx context.Context) (*Stream, error) {
	resp, err := c.do(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return nil, err
	}
	return &Stream{body: resp.Body, decoder: json.NewDecoder(resp.Body)}, nil
}

// Next waits for the next event. It returns io.EOF when the agent ended the
// stream in order.
func (s *Stream) Next() (Event, error) {
	var event Event
	if err := s.decoder.Decode(&event); err != nil {
		if err == io.EOF {
			return Event{}, err
		}
		return Event{}, fmt.Errorf("event stream: %w", err)
	}
	return event, nil
}

// Close ends the stream; a Next that waits returns an error.
func (s *Stream) Close() error { return s.body.Close() }
