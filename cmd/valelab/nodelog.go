package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// logPoll is the time between two looks at a log that is followed.
const logPoll = 100 * time.Millisecond

// A nodeLog reads what a node's command printed: a file, and the older part
// that the node's init moves to another name when the file is full.
type nodeLog struct {
	older, path string
	file        *os.File // being read; after a rotation it is the older part
}

// openNodeLog opens the log in files, which are its older part and its newer.
func openNodeLog(files []string) (*nodeLog, error) {
	l := &nodeLog{older: files[0], path: files[len(files)-1]}
	var err error
	l.file, err = os.Open(l.path)
	return l, err
}

func (l *nodeLog) Close() error { return l.file.Close() }

// readAll returns all that was printed up to now.
func (l *nodeLog) readAll() ([]byte, error) {
	older, err := os.ReadFile(l.older)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if at, err := l.under(l.older); err != nil || at == same {
		older = nil // it was moved just now: it is the file that is read here
	}
	newer, err := io.ReadAll(l.file)
	return append(older, newer...), err
}

// follow copies what is printed from now on, until ctx or the log ends.
func (l *nodeLog) follow(ctx context.Context, w io.Writer) error {
	for {
		if _, err := io.Copy(w, l.file); err != nil {
			return err
		}
		now, err := l.under(l.path)
		if err == nil && now == gone {
			// In the midst of a rotation, or with the whole lab?
			if now, err = l.under(l.older); now != same {
				return err
			}
		}
		switch {
		case err != nil:
			return err
		case now == other: // the rest of the old one, then the new one
			if _, err := io.Copy(w, l.file); err != nil {
				return err
			}
			next, err := os.Open(l.path)
			if err != nil {
				return err
			}
			l.file.Close()
			l.file = next
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(logPoll):
		}
	}
}

type presence int

const (
	same  presence = iota // the file that is being read
	other                 // another file
	gone                  // none
)

// under says what stands under a name of the log.
func (l *nodeLog) under(name string) (presence, error) {
	named, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return gone, nil
	}
	if err != nil {
		return gone, err
	}
	open, err := l.file.Stat()
	if err != nil {
		return gone, err
	}
	if os.SameFile(named, open) {
		return same, nil
	}
	return other, nil
}

// lastLines returns the last n lines of text; all of it when n is negative.
func lastLines(text []byte, n int) []byte {
	switch {
	case n < 0:
		return text
	case n == 0:
		return nil
	}
	at := len(bytes.TrimSuffix(text, []byte("\n")))
	for ; n > 0 && at >= 0; n-- {
		at = bytes.LastIndexByte(text[:at], '\n')
	}
	return text[at+1:]
}
