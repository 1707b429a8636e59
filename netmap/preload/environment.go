package preload

import (
	"slices"
	"strings"
)

const variable = "LD_PRELOAD="

// Here says whether this program carries the library.
func Here() bool {
	_, err := Library()
	return err == nil
}

// Environment returns the variables env, in which the library comes before what they, or those of below that they
// take the place of, want to be loaded.
func Environment(env, below []string) []string {
	value := Path
	for _, v := range slices.Concat(below, env) {
		if other, ok := strings.CutPrefix(v, variable); ok {
			value = strings.TrimSuffix(Path+":"+other, ":")
		}
	}
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, variable) })
	return append(env, variable+value)
}

// Loads says whether a program with these variables loads the library.
func Loads(env []string) bool {
	return slices.ContainsFunc(env, func(v string) bool {
		return v == variable+Path || strings.HasPrefix(v, variable+Path+":")
	})
}
