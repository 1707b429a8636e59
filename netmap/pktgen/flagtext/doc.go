// Package flagtext words command lines: the flags that a program has, and what is
// wrong with those that it was given. It reads what package flag says and prints
// nothing by itself.
package flagtext
