package topology

// Env is the world outside the lab file.
type Env struct {
	// Lookup returns the value of an environment variable and whether it is set.
	// A nil Lookup knows no variable.
	Lookup func(name string) (string, bool)
	// ReadFile returns the content of a file that `env-files` names; the path is
	// passed as the lab file spells it. With a nil ReadFile env files are faults.
	ReadFile func(path string) ([]byte, error)
	// Folder is the lab file's, absolute: what `binds` names is relative to it.
	// Without one those paths stay as they are.
	Folder string
}

// Parse reads a lab file. The file name is only used in faults. The error is a
// *multierror.Error whose errors are all *Fault, sorted by position; exactly one
// of the results is nil.
//
// Memory is bounded whatever the input: by the size of the file (1 MiB at most)
// and by what it expands to (16 MiB at most, through variables, aliases, defaults
// and groups).
func Parse(file string, data []byte, env Env) (*Lab, error) {
	r := newReader(file, env)
	var lab *Lab
	if root := r.document(data); root != nil {
		lab = r.lab(follow(root))
	}
	if err := r.faults.err(file); err != nil {
		return nil, err
	}
	return lab, nil
}
