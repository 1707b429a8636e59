package docker

import (
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
)

// TestPlugins asks an engine that has a plugin which it does not run, and
// containers that ended in different ways.
func TestPlugins(t *testing.T) {
	const refused = `failed to add endpoint: legacy plugin: Post \"http://%2Frun%2Fdocker%2Fplugins%2Fvalelab.sock/Plugin.Activate\": connection refused`
	answers := map[string]string{
		"/_ping":                   "OK",
		"/v1.41/plugins":           `[{"Name":"a:latest","Enabled":true},{"Name":"b:latest","Enabled":false}]`,
		"/v1.41/containers/json":   `[{"Id":"1"},{"Id":"2"},{"Id":"3"},{"Id":"4"},{"Id":"5"}]`,
		"/v1.41/containers/1/json": `{"Name":"/web","State":{"Error":"` + refused + `"},"HostConfig":{"RestartPolicy":{"Name":"always"}}}`,
		"/v1.41/containers/2/json": `{"Name":"/db","State":{"Error":"` + refused + `"},"HostConfig":{"RestartPolicy":{"Name":"unless-stopped"}}}`,
		"/v1.41/containers/3/json": `{"Name":"/once","State":{"Error":"` + refused + `"},"HostConfig":{"RestartPolicy":{"Name":"no"}}}`,
		"/v1.41/containers/4/json": `{"Name":"/broken","State":{"Error":"no such file"},"HostConfig":{"RestartPolicy":{"Name":"always"}}}`,
	}
	socket := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		text, ok := answers[r.URL.Path]
		if !ok { // it has just been removed
			w.WriteHeader(http.StatusNotFound)
			text = `{"message":"no such container"}`
		}
		_, _ = w.Write([]byte(text))
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	e := At("unix://" + socket)
	defer e.Close()
	p, err := e.Plugins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Disabled, []string{"b:latest"}) || !slices.Equal(p.Stranded, []string{"db", "web"}) {
		t.Errorf("%+v", p)
	}
}
