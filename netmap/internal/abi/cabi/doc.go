// Package cabi shows netmap_abi.h as the C compiler sees it, for the test that compares it with
// package abi. Nothing but that test imports it, so that programs which use netmap need no cgo.
package cabi
