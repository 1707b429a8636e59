// Package diagram draws the topology of a lab: what there is, and what is joined
// to what.
//
// What belongs here: the graph that a plan describes, as one value, and what
// draws it as text for a terminal, for Mermaid and for Graphviz. All is pure: the
// same plan is the same bytes, and no name or image that a plan may have can
// break the syntax of a drawing.
//
// What does not: where the plan comes from, and how a running lab is doing.
package diagram
