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
	return c.events(ctx, "/v1/events")
}

// PastEvents is Events without those that are still to come.
func (c *Client) PastEvents(ctx context.Context) (*Stream, error) {
	return c.events(ctx, "/v1/events?follow=false")
}

// PublishSteps hands the steps of a deploy or destroy to those who watch the lab.
func (c *Client) PublishSteps(ctx context.Context, events []Event) error {
	body, err := json.Marshal(events)
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, http.MethodPost, "/v1/events", body)
	if err != nil {
		return err
	}
	return finish(resp)
}

func (c *Client) events(ctx context.Context, path string) (*Stream, error) {
	resp, err := c.do(ctx, http.MethodGet, path, nil)
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
