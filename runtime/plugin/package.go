package plugin

import (
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// DefaultEngine is where the usual engine listens, as a plugin in a container
// sees it.
const DefaultEngine = "unix:///run/docker.sock"

// Package writes into a folder what a plugin is made of that engines run: as one
// of their own plugins (config.json and rootfs, for docker plugin create), and as
// an ordinary container (docker-compose.yml, Dockerfile, and the same rootfs).
// program is the path of the valelab to put in, which must be static: there is
// nothing else in there. What Package has written before it replaces; a folder
// with anything else in it it refuses.
func Package(folder, program string, c Config) error {
	if err := CheckName(c.Name); err != nil {
		return err
	}
	if err := checkStatic(program); err != nil {
		return err
	}
	if err := clearPackage(folder); err != nil {
		return err
	}
	root := filepath.Join(folder, "rootfs")
	for _, dir := range []string{filepath.Join(root, "var"), root + managedData} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	// Engines name files in /var/run.
	if err := os.Symlink("/run", filepath.Join(root, "var", "run")); err != nil {
		return err
	}
	if err := copyProgram(filepath.Join(root, "valelab"), program); err != nil {
		return err
	}
	if c.Engine == "" {
		c.Engine = DefaultEngine
	}
	driver := c.Driver
	if driver == "" {
		driver = ManagedDriver(c.Name)
	}
	config, err := managed(c.Name, driver).Config()
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"config.json": string(config), "docker-compose.yml": composeFile(c), "Dockerfile": dockerfile,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// clearPackage removes what an earlier Package has written.
func clearPackage(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if !isPackage(folder) {
		return fmt.Errorf("folder %s: there is something else in it; hint: name a folder that is not there yet", folder)
	}
	for _, name := range []string{"rootfs", "docker-compose.yml", "Dockerfile", "config.json"} { // the last one says whose it is
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// isPackage says whether a folder is one of Package's.
func isPackage(folder string) bool {
	text, err := os.ReadFile(filepath.Join(folder, "config.json"))
	var config struct{ Entrypoint []string }
	return err == nil && json.Unmarshal(text, &config) == nil && slices.Equal(config.Entrypoint, entrypoint)
}

// checkStatic says whether a program runs where there is no other file. An engine
// does not come up again with a plugin that can't be started.
func checkStatic(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("program %s: %w", program, err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("program %s is not static; hint: make build, and use bin/valelab", program)
		}
	}
	return nil
}

func copyProgram(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
