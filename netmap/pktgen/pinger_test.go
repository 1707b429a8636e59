package pktgen

import (
	"testing"
	"time"
)

// Requests are answered once, in any order, within their time, however often
// the 16 bits of their numbers have gone round.
func TestPingerReplies(t *testing.T) {
	for _, first := range []uint64{0, 65530, 1 << 40} {
		p := &pinger{Ping: Ping{Timeout: 10}}
		p.oldest, p.next = first, first
		for i := range 10 {
			p.sent[p.next%uint64(len(p.sent))] = time.Duration(i)
			p.next++
		}
		p.reply(uint16(first), 5)
		p.reply(uint16(first+9), 10)
		p.reply(uint16(first+9), 11) // again
		p.reply(uint16(first+10), 11)
		p.reply(uint16(first-1), 11)
		p.expire(13) // 1, 2 and 3 are ten old
		p.reply(uint16(first+2), 13)
		p.reply(uint16(first+4), 13)
		if p.rtt.Count() != 3 || p.lost != 3 || p.unexpected != 4 || p.oldest != first+4 {
			t.Errorf("from %d: %d replies, %d lost, %d unexpected, oldest %d", first, p.rtt.Count(), p.lost, p.unexpected, p.oldest-first)
		}
		if p.rtt.Min() != 1 || p.rtt.Max() != 9 {
			t.Errorf("from %d: times from %d to %d", first, p.rtt.Min(), p.rtt.Max())
		}
		p.expire(1000)
		if p.oldest != p.next || p.lost != 3+5-1 {
			t.Errorf("from %d: %d lost, oldest %d", first, p.lost, p.oldest-first)
		}
	}
}
