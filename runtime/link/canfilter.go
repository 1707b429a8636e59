package link

// CanFilter says whether this machine takes the program that keeps an uplink from the machine's stack. Needs root.
func CanFilter() error {
	prog, err := loadDrop()
	if err != nil {
		return err
	}
	return prog.Close()
}
