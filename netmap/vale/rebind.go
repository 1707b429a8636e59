package vale

import "fmt"

// Rebind gives the port another AF_PACKET socket in the place of its own: the
// device behind it was made anew. Its opens are closed, since their program was
// the old device's; its place, counters and entries in the MAC table stay. The
// old socket is the caller's to close. After an error the port is as it was.
func (p *Port) Rebind(sock, mtu int) error {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	if p.trunk != nil {
		return fmt.Errorf("port %s: %w: it is a trunk's", p.name, ErrInvalid)
	}
	if p.gone {
		return fmt.Errorf("port %s: %w", p.name, ErrClosed)
	}
	p.eachOpen((*Open).end)
	var err error
	p.sw.worker.do(func() { err = p.core.Rebind(sock, mtu) })
	if err != nil {
		return fmt.Errorf("switch %s: port %s: %w", p.sw.name, p.name, err)
	}
	return nil
}
