package quiet

import "os"

const variable = "CI"

var before, had = hush()

func hush() (before string, had bool) {
	before, had = os.LookupEnv(variable)
	os.Setenv(variable, "1") // fails for no name and value like these
	return before, had
}

// Over makes the environment what it was. It is for a package that imports
// bubbletea, while it is itself initialized.
func Over() {
	if had {
		os.Setenv(variable, before)
		return
	}
	os.Unsetenv(variable)
}
