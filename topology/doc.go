// Package topology reads a lab file, checks it and compiles it to a Plan.
//
//	lab file --Parse--> Lab --Compile--> Plan --MarshalJSON--> plan.json --ParsePlan--> Plan
//
// Everything here is pure: the package looks at no host, engine, clock, file or
// environment of its own (variables and env files come in as functions, see Env),
// so the same input gives the same plan, byte for byte, on every machine. All
// faults of a lab file are found at once and each carries its position.
//
// What belongs here: the syntax of lab files, defaults and groups, the expansion of
// variables, every check that needs nothing but the file, the graph of steps.
// What does not: whether the machine can carry a plan out (runtime knows: limits,
// `netmap: auto`, images, interfaces of the machine), and how a step is done.
//
// How a lab file is read, where YAML alone does not say it:
//
//   - A value is the text that stands there: yes, 010, 1:30 and 1.10 in an env map stay
//     as they are. Keys with their own idea of a value (cpu, mtu) parse that text.
//   - null, or nothing, is the same as leaving the key out; "" and [] are values, and
//     take away what would be inherited.
//   - A node inherits from its group, and that from defaults. Maps, env-files, binds,
//     devices, exec and cap-add add to what is inherited, everything else replaces it.
//   - What env says outranks every env file; later env files outrank earlier ones.
//   - Variables are expanded in each value and key after YAML has been parsed.
//   - kb, mb, gb count in 1000s as in containerlab, kib, mib, gib in 1024s, and so do
//     the bare k, m, g of Docker.
//
// Values of this package are plain data, safe to read from many goroutines.
package topology
