package agent

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// newServer serves the API. stop is called when a client asks for the end,
// leave when the next agent is to take over.
func newServer(a *agent, stop, leave func()) *http.Server {
	return &http.Server{
		Handler:           routes(a, stop, leave),
		ConnContext:       withConn,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    128 << 10,
	}
}

// routes are the requests of API.md.
func routes(a *agent, stop, leave func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/version", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, a.version()) })
	mux.HandleFunc("GET /v1/lab", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, a.inventory()) })
	mux.HandleFunc("GET /v1/nodes", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, a.nodeList()) })
	mux.HandleFunc("GET /v1/stats", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, a.stats()) })
	mux.HandleFunc("GET /v1/samples", a.streamSamples)
	mux.HandleFunc("GET /v1/metrics", a.serveMetrics)
	mux.HandleFunc("GET /v1/capture", a.streamCapture)
	mux.HandleFunc("GET /v1/captures", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, a.captures.list()) })
	mux.HandleFunc("DELETE /v1/captures/{id}", remove(a.stopCapture))
	mux.HandleFunc("GET /v1/events", a.streamEvents)
	mux.HandleFunc("POST /v1/events", a.publishSteps)

	mux.HandleFunc("PUT /v1/switches/{name}", put(func(r *http.Request, spec SwitchSpec) (bool, error) {
		return a.putSwitch(r.PathValue("name"), spec)
	}))
	mux.HandleFunc("DELETE /v1/switches/{name}", remove(func(r *http.Request) error {
		return a.deleteSwitch(r.PathValue("name"))
	}))
	mux.HandleFunc("PUT /v1/nodes/{node}", put(func(r *http.Request, spec NodeSpec) (bool, error) {
		return a.putNode(r.PathValue("node"), spec)
	}))
	mux.HandleFunc("DELETE /v1/nodes/{node}", remove(func(r *http.Request) error {
		return a.deleteNode(r.PathValue("node"))
	}))
	mux.HandleFunc("PUT /v1/guests/{node}", put(func(r *http.Request, spec GuestSpec) (bool, error) {
		return a.putGuest(r.PathValue("node"), spec)
	}))
	mux.HandleFunc("DELETE /v1/guests/{node}", remove(func(r *http.Request) error {
		return a.deleteNode(r.PathValue("node"))
	}))
	mux.HandleFunc("PUT /v1/door", put(func(_ *http.Request, spec DoorSpec) (bool, error) {
		return a.putDoor(spec)
	}))
	mux.HandleFunc("PUT /v1/counting", put(func(*http.Request, CountingSpec) (bool, error) { return a.startCounting() }))
	mux.HandleFunc("PUT /v1/endpoints/{node}/{interface}", put(func(r *http.Request, spec EndpointSpec) (bool, error) {
		return a.putEndpoint(r.PathValue("node"), r.PathValue("interface"), spec)
	}))
	mux.HandleFunc("DELETE /v1/endpoints/{node}/{interface}", remove(func(r *http.Request) error {
		return a.deleteEndpoint(r.PathValue("node"), r.PathValue("interface"))
	}))
	mux.HandleFunc("PUT /v1/accesses/{node}/{switch}", put(func(r *http.Request, _ AccessSpec) (bool, error) {
		return a.putAccess(r.PathValue("node"), r.PathValue("switch"))
	}))
	mux.HandleFunc("DELETE /v1/accesses/{node}/{switch}", remove(func(r *http.Request) error {
		return a.deleteAccess(r.PathValue("node"), r.PathValue("switch"))
	}))
	mux.HandleFunc("PUT /v1/trunks/{a}/{b}", put(func(r *http.Request, _ TrunkSpec) (bool, error) {
		return a.putTrunk(r.PathValue("a"), r.PathValue("b"))
	}))
	mux.HandleFunc("DELETE /v1/trunks/{a}/{b}", remove(func(r *http.Request) error {
		return a.deleteTrunk(r.PathValue("a"), r.PathValue("b"))
	}))
	mux.HandleFunc("PUT /v1/uplinks/{interface}", put(func(r *http.Request, spec UplinkSpec) (bool, error) {
		return a.putUplink(r.PathValue("interface"), spec)
	}))
	mux.HandleFunc("DELETE /v1/uplinks/{interface}", remove(func(r *http.Request) error {
		return a.deleteUplink(r.PathValue("interface"))
	}))
	mux.HandleFunc("POST /v1/shutdown", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		stop()
	})
	mux.HandleFunc("POST /v1/upgrade", func(w http.ResponseWriter, r *http.Request) {
		if err := a.upgrade(r); err != nil {
			fail(w, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		leave()
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, missing("there is no request %s %s", r.Method, r.URL.Path))
	})
	return mux
}

// put makes the handler of an idempotent PUT whose body is a T.
func put[T any](do func(*http.Request, T) (created bool, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		spec := new(T)
		if err := readBody(w, r, spec); err != nil {
			fail(w, err)
			return
		}
		created, err := do(r, *spec)
		switch {
		case err != nil:
			fail(w, err)
		case created:
			reply(w, http.StatusCreated, spec)
		default:
			reply(w, http.StatusOK, spec)
		}
	}
}

// remove makes the handler of an idempotent DELETE.
func remove(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := do(r); err != nil {
			fail(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// readBody reads a request's body of bounded size.
func readBody(w http.ResponseWriter, r *http.Request, spec any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return refuse(http.StatusRequestEntityTooLarge, "", "the body has more than %d bytes", maxBody)
	case err != nil:
		return invalid("body: %v", err)
	}
	if err := decodeJSON(body, spec); err != nil {
		return invalid("body: %v", err)
	}
	return nil
}

// reply sends a JSON value.
func reply(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // who does not read it does not want it
}

// fail sends an error.
func fail(w http.ResponseWriter, err error) {
	status, problem := problem(err)
	reply(w, status, problem)
}
