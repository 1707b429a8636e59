package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/valelab/valelab"

// sourceFile is one Go file of the project.
type sourceFile struct {
	path    string // relative to the project, with slashes
	dir     string
	test    bool
	imports []string
	doc     bool // has a package comment
}

// TestArchitecture holds the fences between the packages: which way they may
// depend on each other, and where C and unsafe memory access may stand.
func TestArchitecture(t *testing.T) {
	files := projectFiles(t)
	if len(files) < 20 {
		t.Fatalf("found %d Go files: this is not the project", len(files))
	}
	documented := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f.path, "/doc.go") && f.doc {
			documented[f.dir] = true
		}
		for _, imp := range f.imports {
			if why := forbidden(f, imp); why != "" {
				t.Errorf("%s imports %q: %s", f.path, imp, why)
			}
		}
	}
	for _, f := range files {
		if !f.test && !documented[f.dir] {
			documented[f.dir] = true // say it once
			t.Errorf("%s: has no doc.go that says what belongs there", f.dir)
		}
	}
}

// forbidden says why f must not import imp; "" when it may.
func forbidden(f sourceFile, imp string) string {
	own, isOwn := strings.CutPrefix(imp, module+"/")
	base := strings.TrimSuffix(filepath.Base(f.path), "_test.go")
	switch {
	case imp == "unsafe" && !strings.HasSuffix(strings.TrimSuffix(base, ".go"), "_unsafe"):
		return "unsafe stands in files named *_unsafe.go"
	case imp == "C" && !under(f.dir, "netmap", "runtime/node", "runtime/keeper", "runtime/docker/entry"):
		return "C stands under netmap/ and in runtime/node, runtime/keeper and runtime/docker/entry"
	case under(imp, "github.com/docker", "github.com/moby") && !under(f.dir, "runtime/docker"):
		return "the engine is runtime/docker's"
	case under(f.dir, "topology") && isOwn && !under(own, "topology"):
		return "topology depends on nothing of ours"
	case under(f.dir, "topology") && !f.test && !pure(imp):
		return "topology is pure: what it reads comes in through Env"
	case under(f.dir, "netmap") && isOwn && !under(own, "netmap"):
		return "netmap depends on nothing of ours outside netmap/"
	case under(f.dir, "runtime") && isOwn && under(own, "cmd"):
		return "dependencies go from cmd to runtime"
	}
	return ""
}

// pure says whether an import leaves topology without a way to the machine.
func pure(imp string) bool {
	impure := []string{"os", "net", "os/exec", "os/user", "syscall", "time/tzdata", "math/rand", "math/rand/v2", "C"}
	return !slices.Contains(impure, imp) && !strings.Contains(imp, "netlink") && !strings.HasPrefix(imp, "golang.org/x/sys")
}

// under says whether path is one of roots or lies under one.
func under(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

// projectFiles returns every Go file of the project.
func projectFiles(t *testing.T) []sourceFile {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []sourceFile
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files = append(files, sourceFile{
			path:    rel,
			dir:     filepath.ToSlash(filepath.Dir(rel)),
			test:    strings.HasSuffix(path, "_test.go"),
			imports: importsOf(t, file),
			doc:     file.Doc != nil,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func importsOf(t *testing.T, file *ast.File) []string {
	t.Helper()
	var imports []string
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imports = append(imports, path)
	}
	return imports
}
