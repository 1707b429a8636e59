package agent

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Whatever is asked, the answer has one of the statuses that API.md names and
// is JSON that says what is wrong where something is; the agent goes on. A PUT
// that made something makes nothing the second time.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/v1/version", "")
	f.Add("GET", "/v1/lab", "")
	f.Add("PUT", "/v1/switches/lan", `{"wire":false}`)
	f.Add("PUT", "/v1/switches/a:eth1--b:eth1", `{"wire":true}`)
	f.Add("DELETE", "/v1/switches/lan", "")
	f.Add("PUT", "/v1/endpoints/n1/eth1", `{"switch":"lan","device":"lo","mtu":1500,"mac":"02:00:00:00:00:01","rings":1,"slots":64}`)
	f.Add("PUT", "/v1/trunks/lan/left", `{}`)
	f.Add("PUT", "/v1/uplinks/lo", `{"switch":"lan"}`)
	f.Add("PUT", "/v1/nodes/n1", `{"pid":1,"starttime":1}`)
	f.Add("PUT", "/v1/nodes/..", `{"pid":4194305,"starttime":-1}`)
	f.Add("PUT", "/v1/switches/%2e%2e%2f", `[{}]`)
	f.Add("PATCH", "/v1/lab", `{"wire":`)
	a := newTestAgent(f, newFakeStore())
	if _, err := a.putSwitch("lan", SwitchSpec{}); err != nil {
		f.Fatal(err)
	}
	handler := routes(a, func() {}, func() {})
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		request, err := http.NewRequest(method, "http://agent/", strings.NewReader(body))
		if err != nil {
			return nil
		}
		if request.URL.Path = path; path == "" || path[0] != '/' || strings.HasSuffix(path, "/events") && method == http.MethodGet || strings.HasSuffix(path, "/samples") {
			return nil
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		first := ask(method, path, body)
		if first == nil {
			return
		}
		switch first.Code {
		case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		case http.StatusMovedPermanently, http.StatusTemporaryRedirect: // of a path that is not clean
		case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge:
			var problem Problem
			if err := json.Unmarshal(first.Body.Bytes(), &problem); err != nil || problem.Error == "" || strings.Contains(problem.Error, "\n") {
				t.Errorf("%s %s: status %d with %q: %v", method, path, first.Code, first.Body, err)
			}
		default:
			// Without root, a device that is there can't be opened.
			if first.Code == http.StatusInternalServerError && strings.Contains(first.Body.String(), "operation not permitted") {
				return
			}
			t.Errorf("%s %q %q: status %d: %s", method, path, body, first.Code, first.Body)
		}
		if first.Code == http.StatusCreated {
			if again := ask(method, path, body); again.Code != http.StatusOK {
				t.Errorf("%s %s: again: status %d", method, path, again.Code)
			}
			if gone := ask(http.MethodDelete, path, ""); gone.Code != http.StatusNoContent {
				t.Errorf("DELETE %s: status %d: %s", path, gone.Code, gone.Body)
			}
			if path == "/v1/switches/lan" {
				return
			}
		}
		if lab := ask(http.MethodGet, "/v1/lab", ""); lab.Code != http.StatusOK {
			t.Errorf("then GET /v1/lab: status %d", lab.Code)
		}
	})
}

func TestBodyTooLong(t *testing.T) {
	handler := routes(newTestAgent(t, newFakeStore()), func() {}, func() {})
	recorder := httptest.NewRecorder()
	body := io.LimitReader(neverEnding(' '), maxBody+1)
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPut, "/v1/switches/lan", body))
	if recorder.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d: %s", recorder.Code, recorder.Body)
	}
}

type neverEnding byte

func (b neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

// API.md has a section for each request, and no other.
func TestEveryRequestIsDocumented(t *testing.T) {
	find := func(file, pattern string) (found []string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
			found = append(found, string(match[1]))
		}
		slices.Sort(found)
		return found
	}
	served := find("http.go", `HandleFunc\("([A-Z]+ /v1/[^"]+)"`)
	documented := find("API.md", "(?m)^### `([A-Z]+ /v1/[^`]+)`")
	if !slices.Equal(served, documented) {
		t.Errorf("served:     %q\ndocumented: %q", served, documented)
	}
}
