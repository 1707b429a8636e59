// Package cpio writes archives that Linux unpacks into its first root file system ("newc", described in the
// kernel's Documentation/driver-api/early-userspace/buffer-format.rst).
package cpio
