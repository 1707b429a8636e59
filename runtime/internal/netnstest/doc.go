// Package netnstest gives tests network namespaces of their own.
//
// It skips a test only where namespaces are not permitted; where they should
// work and do not, the test fails.
package netnstest
