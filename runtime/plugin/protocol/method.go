package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Methods are what a plugin answers, by name, as in "NetworkDriver.Join". An
// engine may do without those that are not there.
type Methods map[string]Method

// Method is one of them: it reads a request's body and returns what carries the
// request out.
type Method func(body []byte) (*call, error)

// call is a request that was read.
type call struct {
	network, endpoint string
	do                func(context.Context) (any, error)
}

// Call makes a Method of a function. It may be called concurrently; the context
// ends when nobody waits for the answer any more. An error's text is shown to
// the user. The function owns the request, and gives the answer away.
func Call[Q, R any](do func(context.Context, *Q) (*R, error)) Method {
	return func(body []byte) (*call, error) {
		q := new(Q)
		if _, none := any(q).(*Nothing); !none {
			if err := decode(body, q); err != nil {
				return nil, err
			}
		}
		c := &call{do: func(ctx context.Context) (any, error) {
			r, err := do(ctx, q)
			if err != nil {
				return nil, err
			}
			return r, nil
		}}
		if s, ok := any(q).(subject); ok {
			if err := s.check(); err != nil {
				return nil, err
			}
			c.network, c.endpoint = s.about()
		}
		return c, nil
	}
}

// errNoBody says that a request has none. That is what an engine sends which
// repeats a request because the connection of the first try was closed.
var errNoBody = errors.New("the request is empty, as when the plugin was started anew while it had it; hint: try again")

// decode reads one JSON object.
func decode(body []byte, q any) error {
	if body = bytes.TrimSpace(body); len(body) == 0 {
		return errNoBody
	}
	if body[0] != '{' {
		return errors.New("the request is not a JSON object")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(q); err != nil {
		return fmt.Errorf("the request can't be read: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("the request has more than one value")
	}
	return nil
}
