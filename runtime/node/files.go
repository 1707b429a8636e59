package node

import (
	"errors"
	"os"
	"path/filepath"
)

// maxLog is the size in bytes at which init turns log into log.1.
const maxLog = 10 << 20

// stateDir is the node's private folder.
func stateDir(labDir, name string) string { return filepath.Join(labDir, "state", name) }

// publicDir is the folder that the node sees as /run/valelab.
func publicDir(labDir, name string) string { return filepath.Join(labDir, "nodes", name) }

// pidFile is where the number of the node's init is written down.
func pidFile(labDir, name string) string { return filepath.Join(stateDir(labDir, name), "pid") }

// LogFiles returns the paths of the kept output of the node's command, older
// part first. Either may not exist. Init renames the second to the first when
// it has grown to 10 MB.
func LogFiles(labDir, name string) []string {
	dir := stateDir(labDir, name)
	return []string{filepath.Join(dir, "log.1"), filepath.Join(dir, "log")}
}

// Remove deletes both folders of a node that has been killed. Folders that do
// not exist are fine.
func Remove(labDir, name string) error {
	return errors.Join(os.RemoveAll(publicDir(labDir, name)), os.RemoveAll(stateDir(labDir, name)))
}
