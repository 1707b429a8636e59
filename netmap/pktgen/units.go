package pktgen

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseRate reads packets a second, such as 20000, 1.5M, 100k or 14.88Mpps.
func parseRate(s string) (float64, error) {
	digits := strings.TrimSuffix(s, "pps")
	factor := 1.0
	if n := len(digits); n > 0 {
		switch digits[n-1] {
		case 'k', 'K':
			factor = 1e3
		case 'm', 'M':
			factor = 1e6
		case 'g', 'G':
			factor = 1e9
		}
		if factor != 1 {
			digits = digits[:n-1]
		}
	}
	// Not what ParseFloat knows besides: signs, exponents, hexadecimal, inf.
	if strings.Trim(digits, "0123456789.") != "" {
		digits = ""
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || v*factor > maxRate {
		return 0, fmt.Errorf("%q is not a rate such as 20000, 100k or 1.5M, up to 1G", s)
	}
	return v * factor, nil
}

// maxRate bounds rates, in packets a second; no machine gets there.
const maxRate = 1e9

// si writes a number with three or four digits and a prefix: 14.88M.
func si(v float64) string {
	for _, unit := range []struct {
		factor float64
		prefix string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.factor {
			return strconv.FormatFloat(v/unit.factor, 'f', 2, 64) + " " + unit.prefix
		}
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " "
}

// micros writes a duration in microseconds.
func micros(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/1e3, 'f', 1, 64)
}
