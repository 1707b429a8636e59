package runtime

// InspectOn is Inspect on another machine.
var InspectOn = inspect
