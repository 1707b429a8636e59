package pcapng

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twoSections is a file as a capture writes it whose agent was replaced.
func twoSections(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "two.pcapng")
	if err := os.WriteFile(file, append(section(t), section(t)...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// packetLines are the packets of twoSections: interface, flags, stamp, length, what was captured.
var packetLines = strings.Repeat("a:eth1 0x00000002 1700000000.123456789 61 61\nb:eth1 0x00000001 1700000000.123456790 61 50\n", 2)

// A reader that knows the draft, and nothing of ours, finds no fault.
func TestStrictly(t *testing.T) {
	text, err := os.ReadFile(twoSections(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := strictly(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(packetLines+"b:eth1 lost 7\n", sortLast(got)); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
}

// sortLast moves the line of the statistics of the first section, which are those of the second too, to the end.
func sortLast(text string) string {
	const lost = "b:eth1 lost 7\n"
	return strings.ReplaceAll(text, lost, "") + strings.Repeat(lost, strings.Count(text, lost)/2)
}

// strictly reads a file by the letter of draft-ietf-opsawg-pcapng: a line for each packet and statistics.
func strictly(text []byte) (string, error) {
	var out strings.Builder
	var names []string
	var snaplens []uint32
	for at := 0; at < len(text); {
		if len(text)-at < 12 {
			return "", fmt.Errorf("at %d: %d bytes are left", at, len(text)-at)
		}
		kind, n := binary.LittleEndian.Uint32(text[at:]), int(binary.LittleEndian.Uint32(text[at+4:]))
		if n%4 != 0 || n < 12 || n > len(text)-at || int(binary.LittleEndian.Uint32(text[at+n-4:])) != n {
			return "", fmt.Errorf("at %d: a block of length %d", at, n)
		}
		body := text[at+8 : at+n-4]
		u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(body[i:]) }
		if (at == 0) != (kind == 0x0a0d0d0a) && names == nil {
			return "", fmt.Errorf("a file begins with a section, not a block %#x", kind)
		}
		at += n
		switch kind {
		case 0x0a0d0d0a:
			if u32(0) != 0x1a2b3c4d || u32(4) != 1 || u32(8) != 1<<32-1 || u32(12) != 1<<32-1 {
				return "", fmt.Errorf("section header % x", body)
			}
			names, snaplens = []string{}, nil
			if _, err := strictOptions(body[16:]); err != nil {
				return "", err
			}
		case 1:
			options, err := strictOptions(body[8:])
			if err != nil {
				return "", err
			}
			if u32(0) != 1 || !bytes.Equal(options[9], []byte{9}) || len(options[2]) == 0 {
				return "", fmt.Errorf("interface %q: link type and reserved %#x, resolution %v", options[2], u32(0), options[9])
			}
			names, snaplens = append(names, string(options[2])), append(snaplens, u32(4))
		case 6:
			if int(u32(0)) >= len(names) || u32(12) > snaplens[u32(0)] || u32(12) > u32(16) {
				return "", fmt.Errorf("packet of interface %d of %d: %d of %d bytes", u32(0), len(names), u32(12), u32(16))
			}
			end := 20 + (u32(12)+3)&^3
			if len(bytes.Trim(body[20+u32(12):end], "\x00")) > 0 {
				return "", fmt.Errorf("a packet is padded with % x", body[20+u32(12):end])
			}
			options, err := strictOptions(body[end:])
			if err != nil || len(options[2]) != 4 {
				return "", fmt.Errorf("flags of a packet: % x: %w", options[2], err)
			}
			stamp := uint64(u32(4))<<32 | uint64(u32(8))
			fmt.Fprintf(&out, "%s 0x%08x %d.%09d %d %d\n", names[u32(0)], binary.LittleEndian.Uint32(options[2]),
				stamp/1e9, stamp%1e9, u32(16), u32(12))
		case 5:
			options, err := strictOptions(body[12:])
			if err != nil || int(u32(0)) >= len(names) || len(options[5]) != 8 {
				return "", fmt.Errorf("statistics of interface %d: %v: %w", u32(0), options, err)
			}
			fmt.Fprintf(&out, "%s lost %d\n", names[u32(0)], binary.LittleEndian.Uint64(options[5]))
		default:
			return "", fmt.Errorf("a block %#x", kind)
		}
	}
	return out.String(), nil
}

// strictOptions reads options, each code once, which end with the end of options and nothing behind it.
func strictOptions(text []byte) (map[uint16][]byte, error) {
	options := make(map[uint16][]byte)
	for len(text) >= 4 {
		code, n := binary.LittleEndian.Uint16(text), int(binary.LittleEndian.Uint16(text[2:]))
		padded := (n + 3) &^ 3
		if 4+padded > len(text) || len(bytes.Trim(text[4+n:4+padded], "\x00")) > 0 {
			return nil, fmt.Errorf("option %d of %d bytes: % x", code, n, text)
		}
		if code == 0 {
			if n != 0 || len(text) != 4 {
				return nil, fmt.Errorf("behind the end of options: % x", text)
			}
			return options, nil
		}
		if _, twice := options[code]; twice {
			return nil, fmt.Errorf("option %d is there twice", code)
		}
		options[code] = text[4 : 4+n]
		text = text[4+padded:]
	}
	return nil, fmt.Errorf("options end with % x", text)
}

// tcpdump reads it.
func TestTcpdumpReads(t *testing.T) {
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	out, err := exec.Command(tcpdump, "-r", twoSections(t), "-tt", "-n", "-e", "--nano").CombinedOutput()
	if err != nil || strings.Count(string(out), "1700000000.123456789 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff") != 2 ||
		strings.Count(string(out), "length 61") != 4 {
		t.Errorf("%v\n%s", err, out)
	}
}

// Wireshark's own reader finds what was written, and has nothing to complain of. Where it is not installed,
// TestStrictly asks for the same.
func TestTsharkReads(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Logf("without tshark")
		return
	}
	file := twoSections(t)
	run := func(args ...string) string {
		t.Helper()
		var stderr bytes.Buffer
		cmd := exec.Command(tshark, append([]string{"-n", "-r", file}, args...)...)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		for _, line := range strings.Split(strings.TrimSpace(stderr.String()), "\n") {
			if err != nil || line != "" && !strings.HasPrefix(line, "Running as user") {
				t.Errorf("tshark %s: %v\n%s", args, err, &stderr)
			}
		}
		return string(out)
	}
	got := run("-T", "fields", "-E", "separator= ", "-e", "frame.interface_name", "-e", "frame.packet_flags_direction",
		"-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len")
	if diff := cmp.Diff(packetLines, got); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
	blocks := run("-X", "read_format:MIME Files Format", "-V") // the file itself, taken apart
	for text, n := range map[string]int{
		"Number of Dropped Packets: 7\n": 2, "Number of Received Packets: 10\n": 2, "Filter string: udp port 9\n": 2,
		"Block: Enhanced Packet Block": 4, "Malformed": 0, "Expert Info": 0,
	} {
		if got := strings.Count(blocks, text); got != n {
			t.Errorf("tshark has %q %d times, want %d:\n%s", text, got, n, blocks)
		}
	}
}
