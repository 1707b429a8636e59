package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/valelab/valelab/topology"
)

// validation is the JSON that validate prints.
type validation struct {
	File   string  `json:"file"`
	Lab    string  `json:"lab,omitempty"`
	Faults []fault `json:"faults"`
}

// fault is one thing that is wrong with a lab file.
type fault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func validateCommand(fs *flag.FlagSet) runFunc {
	format := formatFlag(fs)
	return func(_ context.Context, s streams, words []string) error {
		word, err := oneWord("lab", words)
		if err != nil {
			return err
		}
		file, err := fileFor(word)
		if err != nil {
			return err
		}
		lab, faults := readLab(file)
		v := validation{File: file, Faults: []fault{}}
		if faults == nil {
			v.Lab = lab.Name
		}
		if *format == formatTable {
			if faults == nil {
				fmt.Fprintf(s.out, "%s: lab %s is valid\n", v.File, v.Lab)
			}
			return faults
		}
		for _, part := range parts(faults) {
			var f *topology.Fault
			if errors.As(part, &f) {
				v.Faults = append(v.Faults, fault(*f))
			}
		}
		if err := writeJSON(s.out, v); err != nil {
			return err
		}
		return faults
	}
}
