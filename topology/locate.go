package topology

import (
	"bytes"
	"io"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// yamlLine is how the YAML package begins its messages. Its line number is that of
// the surrounding list or map for some messages, one too small for others, and
// missing on the first line.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:(?:line \d+|offset \d+): )?`)

// yamlMessage returns the message of an error of the YAML package without its
// position, on one line.
func yamlMessage(err error) string {
	msg := yamlLine.ReplaceAllString(err.Error(), "")
	return strings.Join(strings.Fields(msg), " ")
}

// locate finds where the YAML package meets the fault that msg describes, and the
// text of that line. The package reads front to back, so the fault lies in the
// first line, and there at the first character, that has to be present for it to
// say msg.
func locate(data []byte, msg string) (pos, string) {
	ends := lineEnds(data)
	i := sort.Search(len(ends)-1, func(i int) bool { return firstMessage(data[:ends[i]]) == msg })
	start := 0
	if i > 0 {
		start = ends[i-1]
	}
	line := strings.TrimRight(string(data[start:ends[i]]), "\r\n")

	column := 0
	if name, ok := strings.CutPrefix(msg, "unknown anchor '"); ok {
		name, _, _ = strings.Cut(name, "'")
		column = strings.Index(line, "*"+name)
	} else if !strings.HasPrefix(msg, "did not find expected") {
		column = sort.Search(len(line), func(c int) bool { return firstMessage(data[:start+c+1]) == msg })
	}
	if column <= 0 || column >= len(line) {
		column = len(line) - len(strings.TrimLeft(line, " \t"))
	}
	return pos{i + 1, utf8.RuneCountInString(line[:column]) + 1}, line
}

// lineEnds returns the offset behind each line; there is at least one.
func lineEnds(data []byte) []int {
	var ends []int
	for end := 0; end < len(data); {
		n := bytes.IndexByte(data[end:], '\n')
		if n < 0 {
			break
		}
		end += n + 1
		ends = append(ends, end)
	}
	if len(ends) == 0 || ends[len(ends)-1] < len(data) {
		ends = append(ends, len(data))
	}
	return ends
}

// firstMessage returns what the YAML package has to say about data, "" if nothing.
func firstMessage(data []byte) string {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		if err := decode(dec, &n); err == io.EOF {
			return ""
		} else if err != nil {
			return yamlMessage(err)
		}
	}
}
