// Command valelab brings up labs of network nodes that talk through VALE
// switches, from one YAML file.
//
// What belongs here: the command line, that is flags, help, tables, progress,
// the wording of errors, exit statuses, and the choice of the lab that a
// command is about. One file per command.
//
// What does not: anything that another program could want to do too. Reading
// lab files is topology's, making and removing labs is runtime's, packets are
// netmap's.
//
// The same program is every process of a lab: it looks at argv[0] to see which
// one it is to be. See [main].
package main
