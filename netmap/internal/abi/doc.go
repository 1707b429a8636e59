// Package abi declares the netmap ABI and the control structures of the user-space switch for Go.
//
// The C header netmap_abi.h beside it is the same for C; a test in package cabi compares every size,
// field offset and constant of the two. Each type names its C twin, each field carries the C name in
// its tag, and each constant keeps its C name.
//
// Here belong layouts and values, as plain declarations. Arithmetic over them (where a ring lies in a
// region) belongs to package region, their transport to package wire.
//
// The layouts are those of 64-bit little-endian machines.
package abi

import _ "embed"

// Header is the text of netmap_abi.h. The go command does not look at headers of other folders when it
// decides whether a cgo package is up to date; since the text is part of this package, importing it
// makes a package that includes the header follow its changes.
//
//go:embed netmap_abi.h
var Header string
