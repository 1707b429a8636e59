// Package standalonetest is the switch that tests of programs run on: package
// standalone with the bounds and checks of a test.
package standalonetest
