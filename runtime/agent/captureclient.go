package agent

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// CaptureStream is a running GET /v1/capture: a pcapng stream to be read. The caller closes it.
type CaptureStream struct {
	ID int
	io.ReadCloser
}

// Capture starts a capture. It ends with the context, with Close, when it has
// all its packets, when the agent does, or in order with StopCapture.
func (c *Client) Capture(ctx context.Context, spec CaptureSpec) (*CaptureStream, error) {
	query := url.Values{"port": spec.Ports}
	if spec.Snaplen > 0 {
		query.Set("snaplen", strconv.Itoa(spec.Snaplen))
	}
	if spec.Count > 0 {
		query.Set("count", strconv.FormatUint(spec.Count, 10))
	}
	if len(spec.Program) > 0 {
		query.Set("filter", spec.Filter)
		query.Set("program", formatProgram(spec.Program))
	}
	resp, err := c.do(ctx, http.MethodGet, "/v1/capture?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	id, err := strconv.Atoi(resp.Header.Get("Capture-Id"))
	if err != nil {
		resp.Body.Close()
		return nil, fmt.Errorf("agent of %s: the capture has no number", c.labDir)
	}
	return &CaptureStream{ID: id, ReadCloser: resp.Body}, nil
}

// Captures asks for the captures that run.
func (c *Client) Captures(ctx context.Context) ([]CaptureState, error) {
	list, err := get[[]CaptureState](ctx, c, "/v1/captures")
	if err != nil {
		return nil, err
	}
	return *list, nil
}

// StopCapture ends a capture; its stream gets the packets that wait and its
// statistics. One that has ended is no error.
func (c *Client) StopCapture(ctx context.Context, id int) error {
	return c.delete(ctx, "captures", strconv.Itoa(id))
}
