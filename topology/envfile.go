package topology

import (
	"strings"
	"unicode/utf8"
)

// maxEnvFile bounds an env file, in bytes.
const maxEnvFile = 1 << 20

// envFile is the content of an env file.
type envFile struct {
	vars map[string]string
	ok   bool
}

// envFileList reads a list of env files, and the files.
func (r *reader) envFileList(v item, what string) ([]string, bool) {
	located, ok := r.texts(v, what)
	var paths []string
	for _, l := range located {
		paths = append(paths, l.text)
		if l.text != "" && !r.loadEnvFile(l, what) {
			ok = false
		}
	}
	return paths, ok
}

// loadEnvFile reads an env file, once for each path.
func (r *reader) loadEnvFile(path located, what string) bool {
	if f, done := r.envFiles[path.text]; done {
		return f.ok
	}
	f := r.readEnvFile(path, what)
	r.envFiles[path.text] = f
	return f.ok
}

func (r *reader) readEnvFile(path located, what string) envFile {
	if r.env.ReadFile == nil {
		r.fault(path.at, "", "%s: cannot read files here", what)
		return envFile{}
	}
	data, err := r.env.ReadFile(path.text)
	if err != nil {
		r.fault(path.at, "a relative path begins at the folder of the lab file",
			"%s: cannot read env file: %s", what, strings.Join(strings.Fields(err.Error()), " "))
		return envFile{}
	}
	if len(data) > maxEnvFile {
		r.fault(path.at, "", "%s: env file %s is larger than %d MiB", what, quote(path.text), maxEnvFile>>20)
		return envFile{}
	}
	if !r.spend(path.at, len(data)) {
		return envFile{}
	}
	f := envFile{vars: make(map[string]string), ok: true}
	for i, line := range strings.Split(string(data), "\n") {
		if problem := f.line(strings.TrimSuffix(line, "\r"), r.env.Lookup); problem != "" {
			r.faultIn(path.text, pos{i + 1, 1}, "a line is KEY=VALUE, KEY (taken from the environment) or # a comment", "%s", problem)
			f.ok = false
		}
	}
	return f
}

// line takes a line of an env file, which has the syntax of Docker's: KEY=VALUE, KEY
// alone for a variable passed on from the environment where it is set, # for a comment. As in
// containerlab, `export` before the key and quotes around the whole value are
// taken off. It returns what is wrong, or "".
func (f *envFile) line(line string, lookup func(string) (string, bool)) (problem string) {
	line = strings.TrimLeft(line, " \t")
	if line == "" || line[0] == '#' {
		return ""
	}
	key, value, assigned := strings.Cut(strings.TrimPrefix(line, "export "), "=")
	key = strings.Trim(key, " \t")
	if !assigned {
		var set bool
		if value, set = lookup(key); !set {
			return ""
		}
	}
	switch {
	case !utf8.ValidString(line) || !utf8.ValidString(value) || strings.ContainsRune(line+value, 0):
		return "not UTF-8 text"
	case key == "":
		return "no name before ="
	case strings.ContainsAny(key, " \t"):
		return quote(key) + " is not the name of a variable"
	}
	if n := len(value); assigned && n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	f.vars[key] = value
	return ""
}
