package main

import (
	"errors"
	"flag"
	"slices"
	"strings"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// labName returns the name of the lab that word means: the name in a lab file,
// or the word itself. Without a word it is the lab file in this folder, or the
// one lab that runs when the folder has none, or several.
//
// file is the lab file, "" when the name comes from elsewhere.
func labName(word string) (name, file string, err error) {
	if word != "" && !isLabFile(word) {
		return word, "", nil
	}
	file = word
	if file == "" {
		found, err := folderLab()
		if errors.Is(err, errSeveral) {
			if name, lerr := onlyLab(); lerr == nil {
				return name, "", nil
			}
		}
		if err != nil {
			return "", "", err
		}
		if found == "" {
			name, err = onlyLab()
			return name, "", err
		}
		file = found
	}
	lab, err := readLab(file)
	if err != nil {
		return "", "", err
	}
	return lab.Name, file, nil
}

// onlyLab returns the name of the one lab that runs.
func onlyLab() (string, error) {
	labs, err := runtime.Labs(state.FindRoot())
	if err != nil {
		return "", err
	}
	switch len(labs) {
	case 0:
		return "", errNoLab
	case 1:
		return labs[0], nil
	}
	return "", usagef("name one of them", "several labs run: %s", strings.Join(labs, ", "))
}

// errNoLab says that a command without a word found no lab to be about.
var errNoLab error = &runtime.HintError{
	Err:  errors.New("no lab runs, and there is no lab file in this folder"),
	Hint: "valelab deploy LAB-FILE",
}

// planOf is planFor of a command's one word, or of none.
func planOf(words []string) (*topology.Plan, error) {
	word, err := oneWord("lab", words)
	if err != nil {
		return nil, err
	}
	return planFor(word)
}

// planFor returns the plan that word means: a lab file's, or the one that the
// lab of that name was deployed from. Without a word it is the lab file in
// this folder, or the one lab that runs.
func planFor(word string) (*topology.Plan, error) {
	file := word
	if word == "" {
		found, err := folderLab()
		if err != nil {
			return nil, err
		}
		if found == "" {
			if word, err = onlyLab(); err != nil {
				return nil, err
			}
		}
		file = found
	} else if !isLabFile(word) {
		file = ""
	}
	if file == "" {
		lab, err := runtime.Open(state.FindRoot(), word)
		if errors.Is(err, runtime.ErrNotFound) || errors.Is(err, state.ErrBadName) {
			return nil, usagef(fileHint(word), "%s is neither a lab file nor a lab that runs", word)
		}
		if err != nil {
			return nil, err
		}
		return lab.Plan, nil
	}
	lab, err := readLab(file)
	if err != nil {
		return nil, err
	}
	return lab.Compile(), nil
}

// openLab returns the running lab that word means.
func openLab(word string) (*runtime.Lab, error) {
	name, file, err := labName(word)
	if err != nil {
		return nil, err
	}
	lab, err := runtime.Open(state.FindRoot(), name)
	return lab, notRunning(err, name, file)
}

// notRunning gives an error that says that there is no lab of the name the hint
// that helps best; file is the lab file that the name comes from, if any. Other
// errors stay what they are.
func notRunning(err error, name, file string) error {
	switch {
	case errors.Is(err, state.ErrBadName):
		return usagef(fileHint(name), "%w", err)
	case !errors.Is(err, runtime.ErrNotFound):
		return err
	}
	hint := "valelab deploy " + file
	if file == "" {
		labs, _ := runtime.Labs(state.FindRoot()) // without them the hint is less good
		others := slices.DeleteFunc(labs, func(lab string) bool { return lab == name })
		hint = topology.DidYouMean(name, others, "valelab deploy LAB-FILE")
	}
	return &runtime.HintError{Err: err, Hint: hint}
}

// openNode returns the running lab that word means and checks that it has the
// node.
func openNode(word, node string) (*runtime.Lab, error) {
	lab, err := openLab(word)
	if err != nil {
		return nil, err
	}
	_, err = lab.Node(node)
	return lab, err
}

// labFlag declares --lab, for commands whose word is a node.
func labFlag(fs *flag.FlagSet) *string {
	return fs.String("lab", "", "the `LAB` that the node is in")
}
