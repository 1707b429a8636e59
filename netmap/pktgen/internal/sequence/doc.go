// Package sequence follows the sequence numbers of flows and counts what was
// lost, reordered and duplicated on the way.
//
// Its memory is bounded, whatever numbers arrive: a flow is followed through a
// window of Window numbers, and MaxFlows flows are followed at a time.
package sequence
