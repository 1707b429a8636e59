package main

import "slices"

// quantile gives the value that the fraction q of all are not above; 0 if
// there is none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// median gives the middle value; 0 if there is none.
func median(values []float64) float64 { return quantile(values, 0.5) }
