// Package module is what can be known of the netmap kernel module without a port: whether it is loaded and answers, its
// parameters, and whether a lab fits into what they allow.
//
// The module refuses what is too much for it one port at a time, as ENOMEM, when half of a lab stands. So what a lab
// needs ([Demand]) is held against the parameters ([Params]) before anything is made, and what does not fit is said
// with the parameter that has to be set.
//
// Here belong the files under /sys/module/netmap, whether the device answers, and arithmetic. What does not: ports, and
// lab files.
package module
