// Package executor runs a graph of steps: each as soon as the steps it needs
// are done, a bounded number at once, and takes back what it did when one
// fails or the context ends.
//
// It knows nothing of labs. What a step does, and how, is in its functions.
package executor
