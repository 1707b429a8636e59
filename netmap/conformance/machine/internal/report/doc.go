// Package report is what the emulated machine and the one that boots it tell each other: what to do, as a file in
// the archive, and what came of it, as a line of JSON for each thing that was tried.
package report
