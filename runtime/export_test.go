package runtime

// InspectOn is Inspect on another machine.
var InspectOn = inspect

// FitsModule checks a plan against the netmap module's parameters.
var FitsModule = fitsModule
