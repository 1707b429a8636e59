// Command guest is the first process of the emulated machine of `make test-kernel`. It makes the machine usable
// (file systems, modules), does what the order in the archive says, writes each result as a line to the second
// serial line, and switches the machine off.
//
// Process 1 only collects processes that have ended; the work is done by a child, which is the same program.
package main
