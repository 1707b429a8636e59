package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/sample"
)

// Client asks the agent of one lab. It is safe for concurrent use. Every
// method stops with its context's error when the context ends.
//
// A method returns a *StatusError when the agent refuses the request, and an
// error that matches ErrNoAgent when nobody answers.
type Client struct {
	labDir string
	http   *http.Client
}

// Dial returns a client of the agent whose lab has the state folder labDir. It
// does not connect: each request does when it must, so that a client carries
// on with the next agent when one dies.
func Dial(labDir string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialSocket(ctx, labDir)
	}
	return &Client{labDir: labDir, http: &http.Client{
		Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16, ResponseHeaderTimeout: answerPatience},
	}}
}

// answerPatience bounds the wait for an agent that hangs. Answers take tens of
// milliseconds, and as long as a lost agent's successor needs.
const answerPatience = 20 * time.Second

// Close drops the client's idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Version asks who answers.
func (c *Client) Version(ctx context.Context) (*Version, error) {
	return get[Version](ctx, c, "/v1/version")
}

// Lab asks for everything that the agent holds.
func (c *Client) Lab(ctx context.Context) (*Lab, error) { return get[Lab](ctx, c, "/v1/lab") }

// Nodes asks for the state of every node, sorted by name.
func (c *Client) Nodes(ctx context.Context) ([]NodeState, error) {
	nodes, err := get[[]NodeState](ctx, c, "/v1/nodes")
	if err != nil {
		return nil, err
	}
	return *nodes, nil
}

// Stats asks for the counters of every ring and the state of every node.
func (c *Client) Stats(ctx context.Context) (*sample.Sample, error) {
	return get[sample.Sample](ctx, c, "/v1/stats")
}

// PutSwitch makes a switch. Created is false when it was there already.
func (c *Client) PutSwitch(ctx context.Context, name string, spec SwitchSpec) (created bool, err error) {
	return c.put(ctx, spec, "switches", name)
}

// DeleteSwitch removes a switch that has no ports. One that is not there is no
// error; so it is with every Delete method.
func (c *Client) DeleteSwitch(ctx context.Context, name string) error {
	return c.delete(ctx, "switches", name)
}

// PutEndpoint makes a node's interface a port of a switch.
func (c *Client) PutEndpoint(ctx context.Context, node, iface string, spec EndpointSpec) (created bool, err error) {
	return c.put(ctx, spec, "endpoints", node, iface)
}

// DeleteEndpoint takes an endpoint off its switch and closes its opens.
func (c *Client) DeleteEndpoint(ctx context.Context, node, iface string) error {
	return c.delete(ctx, "endpoints", node, iface)
}

// PutAccess lets the programs of a node open ports of their own on a switch.
func (c *Client) PutAccess(ctx context.Context, node, on string) (created bool, err error) {
	return c.put(ctx, AccessSpec{}, "accesses", node, on)
}

// DeleteAccess takes that back and closes the ports that they have there.
func (c *Client) DeleteAccess(ctx context.Context, node, on string) error {
	return c.delete(ctx, "accesses", node, on)
}

// PutTrunk links two switches.
func (c *Client) PutTrunk(ctx context.Context, a, b string) (created bool, err error) {
	return c.put(ctx, TrunkSpec{}, "trunks", a, b)
}

// DeleteTrunk removes the link between two switches.
func (c *Client) DeleteTrunk(ctx context.Context, a, b string) error {
	return c.delete(ctx, "trunks", a, b)
}

// PutUplink makes an interface of the machine a port of a switch.
func (c *Client) PutUplink(ctx context.Context, iface string, spec UplinkSpec) (created bool, err error) {
	return c.put(ctx, spec, "uplinks", iface)
}

// DeleteUplink takes an interface of the machine off its switch.
func (c *Client) DeleteUplink(ctx context.Context, iface string) error {
	return c.delete(ctx, "uplinks", iface)
}

// PutNode lets the agent watch a node's init and serve the node's programs.
func (c *Client) PutNode(ctx context.Context, node string, spec NodeSpec) (created bool, err error) {
	return c.put(ctx, spec, "nodes", node)
}

// DeleteNode stops watching a node that has no endpoints.
func (c *Client) DeleteNode(ctx context.Context, node string) error {
	return c.delete(ctx, "nodes", node)
}

// PutGuest makes a container of a network of the Docker plugin a node, or gives
// it other labels.
func (c *Client) PutGuest(ctx context.Context, node string, spec GuestSpec) (created bool, err error) {
	return c.put(ctx, spec, "guests", node)
}

// DeleteGuest removes a guest that has no endpoints.
func (c *Client) DeleteGuest(ctx context.Context, node string) error {
	return c.delete(ctx, "guests", node)
}

// PutDoor lets the programs of guests in.
func (c *Client) PutDoor(ctx context.Context, spec DoorSpec) (created bool, err error) {
	return c.put(ctx, spec, "door")
}

// Count has the kernel count what programs move through rings of netmap's module, until the agent ends.
func (c *Client) Count(ctx context.Context) (created bool, err error) {
	return c.put(ctx, CountingSpec{}, "counting")
}

// Upgrade lets an agent of this very program take over from the one that runs,
// with all that it has. It returns when the old one has agreed and is about to
// end; Version tells when the new one answers.
func (c *Client) Upgrade(ctx context.Context) error {
	return c.send(ctx, http.MethodPost, "/v1/upgrade")
}

// Shutdown ends the agent and its keeper, which closes everything that they
// hold. It returns when the agent has agreed; all is done when the keeper's
// process has ended.
func (c *Client) Shutdown(ctx context.Context) error {
	return c.send(ctx, http.MethodPost, "/v1/shutdown")
}

func (c *Client) put(ctx context.Context, spec any, path ...string) (created bool, err error) {
	body, err := json.Marshal(spec)
	if err != nil {
		return false, err
	}
	resp, err := c.do(ctx, http.MethodPut, apiPath(path...), body)
	if err != nil {
		return false, err
	}
	return resp.StatusCode == http.StatusCreated, finish(resp)
}

func (c *Client) delete(ctx context.Context, path ...string) error {
	return c.send(ctx, http.MethodDelete, apiPath(path...))
}

func (c *Client) send(ctx context.Context, method, path string) error {
	resp, err := c.do(ctx, method, path, nil)
	if err != nil {
		return err
	}
	return finish(resp)
}

// finish reads a reply to its end, so that its connection is used again.
func finish(resp *http.Response) error {
	_, err := io.Copy(io.Discard, resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	return err
}

func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	resp, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	reply := new(T)
	err = json.NewDecoder(resp.Body).Decode(reply)
	if finishErr := finish(resp); err == nil {
		err = finishErr
	}
	if err != nil {
		return nil, fmt.Errorf("agent of %s: reply to GET %s: %w", c.labDir, path, err)
	}
	return reply, nil
}

// carryOn is how long a request is repeated that agents died over.
const carryOn = 5 * time.Second

// do sends one request and returns a reply whose status is below 400. One that
// an agent has died over is sent to the next: the API's requests, but those to
// end the agent, do the same when they are repeated.
func (c *Client) do(ctx context.Context, method, path string, body []byte) (resp *http.Response, err error) {
	for began := time.Now(); ; {
		req, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if resp, err = c.http.Do(req); err == nil {
			break
		}
		if ctx.Err() != nil || method == http.MethodPost || !diedOver(err) || time.Since(began) > carryOn {
			return nil, unanswered(ctx, c.labDir, err)
		}
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	fault := &StatusError{Status: resp.StatusCode}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&fault.Problem)
	if finishErr := finish(resp); err != nil || finishErr != nil || fault.Problem.Error == "" {
		fault.Problem.Error = fmt.Sprintf("agent of %s: %s %s: %s", c.labDir, method, path, resp.Status)
	}
	return nil, fault
}

// diedOver says whether a request failed because its agent ended. Without an
// agent to come nobody listens, which is another error.
func diedOver(err error) bool {
	for _, sign := range []error{io.EOF, io.ErrUnexpectedEOF, unix.ECONNRESET, unix.EPIPE} {
		if errors.Is(err, sign) {
			return true
		}
	}
	return false
}

// apiPath joins path elements, each escaped.
func apiPath(elements ...string) string {
	path := "/v1"
	for _, element := range elements {
		path += "/" + url.PathEscape(element)
	}
	return path
}
