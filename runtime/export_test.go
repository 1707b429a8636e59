package runtime

// InspectOn is Inspect on another machine.
var InspectOn = inspect

// FitsModule checks a plan against the netmap module's parameters.
var FitsModule = fitsModule

// Taken is what labs have of the netmap module.
type Taken = taken

// PrepareModule sets parameters of the module in a folder.
var PrepareModule = prepareModule
