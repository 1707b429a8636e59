// Package ptytest gives tests a terminal of their own. What they run in it is theirs.
package ptytest
