package topology

import (
	"strings"
)

// environment reads a map of environment variables.
func (r *reader) environment(v item, what string) (map[string]string, bool) {
	return r.textMap(v, what, checkVariable)
}

func checkVariable(key, _ string) (problem, hint string) {
	switch {
	case key == "__IMPORT_ENVS":
		return "is not supported", "name each variable: HOME: ${HOME}"
	case strings.ContainsAny(key, "= \t\n"):
		return "is not the name of a variable", ""
	}
	return "", ""
}

// labels reads a map of labels.
func (r *reader) labels(v item, what string) (map[string]string, bool) {
	return r.textMap(v, what, checkLabel)
}

func checkLabel(key, _ string) (problem, hint string) {
	switch {
	case strings.HasPrefix(key, "valelab."):
		return "is reserved", "labels that begin with valelab. are valelab's own marks"
	case strings.ContainsAny(key, "= \t\n"):
		return "is not the name of a label", ""
	}
	return "", ""
}
