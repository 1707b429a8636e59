// Package wire carries netmap's control requests between a program and the switch of its lab.
//
// One SOCK_SEQPACKET connection is one open of netmap's device: the program sends NETMAP_REQ_REGISTER once, the
// switch answers with the region's memfd and two descriptors by which they wake each other, and the end of the
// connection is the close. All other requests may be made before and after. netmap_abi.h declares the messages.
//
//	program                                    switch
//	   |-- request: head, nmreq_header, body ---->|
//	   |<- reply: head, nmreq_header, body, grant-|  (+ memfd, kick, wake)
//	   |          ... rings, kick and wake ...    |
//	   |-- EOF: the port is closed -------------->|
//
// Here belong the bytes and their checks, both ways. What a request means is the switch's business, and
// what to do with a grant is package netmap's.
package wire
