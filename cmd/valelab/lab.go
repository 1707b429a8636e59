package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/valelab/valelab/topology"
)

// isLabFile says whether the word that a user wrote for a lab means a file
// rather than the name of a running lab.
func isLabFile(word string) bool {
	return strings.Contains(word, "/") || strings.HasSuffix(word, ".yml") || strings.HasSuffix(word, ".yaml")
}

// readLab parses a lab file. Its env-files and binds are relative to it.
func readLab(file string) (*topology.Lab, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("", "lab file: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("lab file: %w", err)
	}
	return topology.Parse(file, data, topology.Env{
		Lookup: os.LookupEnv,
		Folder: folder,
		ReadFile: func(name string) ([]byte, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(filepath.Dir(file), name)
			}
			return os.ReadFile(name)
		},
	})
}

// errSeveral says that a folder has more than one lab file, and no lab.yml.
var errSeveral = errors.New("this folder has several lab files")

// folderLab returns the lab file of this folder: lab.yml, or the only file
// whose name ends in .yml or .yaml. It returns "" when there is none.
func folderLab() (string, error) {
	var files []string
	for _, pattern := range []string{"*.yml", "*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	switch {
	case slices.Contains(files, "lab.yml"):
		return "lab.yml", nil
	case len(files) > 1:
		slices.Sort(files)
		return "", usagef("name one of them", "%w: %s", errSeveral, strings.Join(files, ", "))
	case len(files) == 0:
		return "", nil
	}
	return files[0], nil
}

// fileFor returns the lab file that a command's word means.
func fileFor(word string) (string, error) {
	if isLabFile(word) {
		return word, nil
	}
	if word != "" {
		return "", usagef(fileHint(word), "%s is no lab file", word)
	}
	file, err := folderLab()
	if err == nil && file == "" {
		err = usagef("name one, or write lab.yml", "there is no lab file in this folder")
	}
	return file, err
}

// fileHint tells how to write a lab file's name, to somebody who wrote word.
func fileHint(word string) string {
	if strings.ContainsAny(word, ". ") { // such as a folder
		word = "lab"
	}
	return fmt.Sprintf("a lab file's name has a / or ends in .yml, as in ./%s.yml", word)
}
