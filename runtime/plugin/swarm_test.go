package plugin

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// TestSwarm is what a manager of a swarm may ask, with its ids, and what nobody
// answers.
func TestSwarm(t *testing.T) {
	b := newBench(t)
	h := protocol.NewHandler(b.Methods(), slog.New(slog.DiscardHandler))
	const id = "4kz2c1xq8rj0v5m9t3wy7bn6d" // 25 digits and letters
	for _, c := range []struct {
		method, body string
		status       int
		want         string
	}{
		{"GetCapabilities", `{}`, http.StatusOK, `"Scope":"local"`},
		{"AllocateNetwork", `{"NetworkID":"` + id + `","Options":{"switch":"left"},"IPv4Data":[{"Pool":"10.9.0.0/24"}]}`, http.StatusOK, `{"Err":"networks that span machines`},
		{"AllocateNetwork", ``, http.StatusBadRequest, `the request is empty`},
		{"FreeNetwork", `{"NetworkID":"` + id + `"}`, http.StatusOK, `{}`},
		{"FreeNetwork", `{}`, http.StatusBadRequest, `NetworkID is missing`},
		{"CreateNetwork", `{"NetworkID":"` + id + `","Options":{"com.docker.network.generic":{"host":"on"}},"IPv4Data":[{"Pool":"10.9.0.0/24","Gateway":"10.9.0.1/24"}]}`, http.StatusOK, `{}`},
		{"CreateEndpoint", `{"NetworkID":"` + id + `","EndpointID":"e1","Interface":{"Address":"10.9.0.2/24"}}`, http.StatusOK, `"MacAddress":"02:`},
		{"Join", `{"NetworkID":"` + id + `","EndpointID":"e1","SandboxKey":"/ns/1"}`, http.StatusOK, `"SrcName":"vl`},
		{"DeleteEndpoint", `{"NetworkID":"` + id + `","EndpointID":"e1"}`, http.StatusOK, `{}`},
		{"DeleteNetwork", `{"NetworkID":"` + id + `"}`, http.StatusOK, `{}`},
		{"ProgramExternalConnectivity", `{"NetworkID":"` + id + `","EndpointID":"e1"}`, http.StatusNotFound, `there is no method`},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/NetworkDriver."+c.method, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.body, w.Code, w.Body, c.status, c.want)
		}
	}
	b.empty()
}
