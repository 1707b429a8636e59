package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// scriptedAgent tries what a keeper must refuse, and writes down how it went:
// one line in the file "script" for each surprise, then "done".
func scriptedAgent(labDir string) {
	store, _, err := Connect(StoreFD)
	must(err)
	var surprises []string
	expect := func(what string, err, want error) {
		if !errors.Is(err, want) {
			surprises = append(surprises, fmt.Sprintf("%s: got %v, want %v", what, err, want))
		}
	}
	expect("empty key", store.Put("", nil), ErrTooBig)
	expect("long key", store.Put(strings.Repeat("k", MaxKey+1), nil), ErrTooBig)
	expect("longest key", store.Put(strings.Repeat("k", MaxKey), nil), nil)
	expect("long payload", store.Put("k", make([]byte, MaxPayload+1)), ErrTooBig)
	expect("many files", store.Put("k", nil, make([]int, MaxFiles+1)...), ErrTooBig)
	expect("no such file", store.Put("k", nil, 12345), unix.EBADF)

	for _, bad := range badMessages() {
		store.mu.Lock()
		_, _, err := store.conn.WriteMsgUnix(bad.bytes, nil, nil)
		if err == nil {
			if errno := <-store.replies; errno != unix.EBADMSG {
				err = errno
			}
		}
		store.mu.Unlock()
		expect(bad.name, err, nil)
	}

	heavy := make([]byte, MaxPayload)
	fits := MaxBytes / (MaxPayload + 3) // the longest key is there already
	for i := range fits {
		expect("heavy", store.Put(fmt.Sprintf("%03x", i), heavy), nil)
	}
	expect("too heavy", store.Put("one more", heavy), unix.ENOSPC)
	expect("in its place", store.Put("000", heavy), nil)
	for i := range fits {
		expect("lighter", store.Delete(fmt.Sprintf("%03x", i)), nil)
	}
	for i := range MaxEntries - 1 {
		if err := store.Put(fmt.Sprint(i), nil); err != nil {
			expect(fmt.Sprintf("entry %d", i), err, nil)
			break
		}
	}
	expect("too many", store.Put("one more", nil), unix.ENOSPC)
	expect("in its place", store.Put("0", []byte("new")), nil)

	must(os.WriteFile(filepath.Join(labDir, "script"), []byte(strings.Join(append(surprises, "done\n"), "\n")), 0o600))
	select {}
}
