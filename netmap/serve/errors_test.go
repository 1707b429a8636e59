package serve

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
)

// TestErrors: each request that netmap refuses is refused with netmap's own error number. Each case has a node of its
// own: an endpoint eth1, a port vale1:open that is open, the persistent ports pv on no switch, and vale1:on, which is.
func TestErrors(t *testing.T) {
	e := newEngine(t)
	register := func(r abi.ReqRegister) any { return &r }
	all := register(abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC})
	for name, c := range map[string]struct {
		typ  uint16
		port string
		body any
		want unix.Errno
	}{
		"register: endpoint":                 {abi.NETMAP_REQ_REGISTER, "eth1", all, 0},
		"register: port":                     {abi.NETMAP_REQ_REGISTER, "vale2:x", all, 0},
		"register: mem id unknown":           {abi.NETMAP_REQ_REGISTER, "eth1", register(abi.ReqRegister{Mode: 1, MemID: 999}), unix.EINVAL},
		"register: NULL without mem id":      {abi.NETMAP_REQ_REGISTER, "x", register(abi.ReqRegister{Mode: abi.NR_REG_NULL}), unix.EINVAL},
		"register: NULL":                     {abi.NETMAP_REQ_REGISTER, "x", register(abi.ReqRegister{Mode: abi.NR_REG_NULL, MemID: 1}), 0},
		"register: SW on a VALE port":        {abi.NETMAP_REQ_REGISTER, "vale1:x", register(abi.ReqRegister{Mode: abi.NR_REG_SW}), unix.EINVAL},
		"register: NIC_SW on a VALE port":    {abi.NETMAP_REQ_REGISTER, "vale1:x", register(abi.ReqRegister{Mode: abi.NR_REG_NIC_SW}), unix.EINVAL},
		"register: ONE_SW on a VALE port":    {abi.NETMAP_REQ_REGISTER, "vale1:x", register(abi.ReqRegister{Mode: abi.NR_REG_ONE_SW}), unix.EINVAL},
		"register: SW on a pipe":             {abi.NETMAP_REQ_REGISTER, "vale1:x{1", register(abi.ReqRegister{Mode: abi.NR_REG_SW}), unix.EINVAL},
		"register: ONE_SW":                   {abi.NETMAP_REQ_REGISTER, "eth1", register(abi.ReqRegister{Mode: abi.NR_REG_ONE_SW}), 0},
		"register: mode 0":                   {abi.NETMAP_REQ_REGISTER, "eth1", register(abi.ReqRegister{}), unix.EINVAL},
		"register: mode 5":                   {abi.NETMAP_REQ_REGISTER, "eth1", register(abi.ReqRegister{Mode: 5}), unix.EINVAL},
		"register: mode 9":                   {abi.NETMAP_REQ_REGISTER, "eth1", register(abi.ReqRegister{Mode: 9}), unix.EINVAL},
		"register: ring beyond":              {abi.NETMAP_REQ_REGISTER, "eth1", register(abi.ReqRegister{Mode: abi.NR_REG_ONE_NIC, RingID: 4}), unix.EINVAL},
		"register: last ring":                {abi.NETMAP_REQ_REGISTER, "eth1", register(abi.ReqRegister{Mode: abi.NR_REG_ONE_NIC, RingID: 3}), 0},
		"register: no name":                  {abi.NETMAP_REQ_REGISTER, "", all, unix.ENXIO},
		"register: unknown device":           {abi.NETMAP_REQ_REGISTER, "nope", all, unix.ENXIO},
		"register: {1":                       {abi.NETMAP_REQ_REGISTER, "{1", all, unix.EINVAL},
		"register: x{":                       {abi.NETMAP_REQ_REGISTER, "x{", all, unix.EINVAL},
		"register: nope{1":                   {abi.NETMAP_REQ_REGISTER, "nope{1", all, 0},
		"register: shared":                   {abi.NETMAP_REQ_REGISTER, "vale1:open", all, 0},
		"register: exclusive, open":          {abi.NETMAP_REQ_REGISTER, "vale1:open", register(abi.ReqRegister{Mode: 1, Flags: abi.NR_EXCLUSIVE}), unix.EBUSY},
		"register: bad switch name":          {abi.NETMAP_REQ_REGISTER, "vale-1:x", all, unix.ENOMEM},
		"register: switch name too long":     {abi.NETMAP_REQ_REGISTER, "vale567890123456:x", all, unix.ENOMEM},
		"register: port name too long":       {abi.NETMAP_REQ_REGISTER, "vale1:1234567890123456", all, unix.ENOMEM},
		"register: no colon":                 {abi.NETMAP_REQ_REGISTER, "vale1", all, unix.ENOMEM},
		"register: port called as a netdev":  {abi.NETMAP_REQ_REGISTER, "vale1:eth1", all, unix.EINVAL},
		"register: port called lo":           {abi.NETMAP_REQ_REGISTER, "vale1:lo", all, unix.EINVAL},
		"register: attached, by either name": {abi.NETMAP_REQ_REGISTER, "vale1:on", all, 0},
		"register: attached, as device":      {abi.NETMAP_REQ_REGISTER, "on", all, 0},

		"info: device":   {abi.NETMAP_REQ_PORT_INFO_GET, "eth1", nil, 0},
		"info: unknown":  {abi.NETMAP_REQ_PORT_INFO_GET, "nope", nil, unix.ENXIO},
		"info: new port": {abi.NETMAP_REQ_PORT_INFO_GET, "vale9:x", nil, 0},
		"info: memory":   {abi.NETMAP_REQ_PORT_INFO_GET, "", nil, 0},
		"info: memory 9": {abi.NETMAP_REQ_PORT_INFO_GET, "", &abi.ReqPortInfo{MemID: 99}, unix.EINVAL},
		"pools":          {abi.NETMAP_REQ_POOLS_INFO_GET, "vale1:open", nil, 0},
		"pools: no name": {abi.NETMAP_REQ_POOLS_INFO_GET, "", nil, unix.ENXIO},

		"list: unknown switch": {abi.NETMAP_REQ_VALE_LIST, "vale9:x", nil, unix.ENOENT},
		"list: unknown port":   {abi.NETMAP_REQ_VALE_LIST, "vale1:x", nil, 0},
		"list: no switch":      {abi.NETMAP_REQ_VALE_LIST, "eth1", nil, unix.EINVAL},
		"list: end":            {abi.NETMAP_REQ_VALE_LIST, "", &abi.ReqList{BridgeIdx: 1}, unix.ENOENT},
		"list: far":            {abi.NETMAP_REQ_VALE_LIST, "", &abi.ReqList{BridgeIdx: 65535, PortIdx: 1 << 31}, unix.ENOENT},

		"attach":                {abi.NETMAP_REQ_VALE_ATTACH, "vale2:pv", nil, 0},
		"attach: unknown":       {abi.NETMAP_REQ_VALE_ATTACH, "vale2:nope", nil, unix.EINVAL},
		"attach: not VALE":      {abi.NETMAP_REQ_VALE_ATTACH, "pv", nil, unix.EINVAL},
		"attach: there already": {abi.NETMAP_REQ_VALE_ATTACH, "vale1:on", nil, unix.EBUSY},
		"attach: mem id":        {abi.NETMAP_REQ_VALE_ATTACH, "vale1:pv", &abi.ReqAttach{Reg: abi.ReqRegister{MemID: 99}}, unix.EINVAL},
		"detach":                {abi.NETMAP_REQ_VALE_DETACH, "vale1:on", nil, 0},
		"detach: unknown":       {abi.NETMAP_REQ_VALE_DETACH, "vale1:nope", nil, unix.ENXIO},
		"detach: not VALE":      {abi.NETMAP_REQ_VALE_DETACH, "on", nil, unix.EINVAL},

		"newif":                  {abi.NETMAP_REQ_VALE_NEWIF, "fresh", nil, 0},
		"newif: netdev":          {abi.NETMAP_REQ_VALE_NEWIF, "eth1", nil, unix.EEXIST},
		"newif: exists":          {abi.NETMAP_REQ_VALE_NEWIF, "pv", nil, unix.EEXIST},
		"newif: vale":            {abi.NETMAP_REQ_VALE_NEWIF, "valex", nil, unix.EINVAL},
		"newif: too long":        {abi.NETMAP_REQ_VALE_NEWIF, "x123456789012345", nil, unix.EINVAL},
		"newif: slash":           {abi.NETMAP_REQ_VALE_NEWIF, "a/b", nil, unix.EINVAL},
		"newif: no name":         {abi.NETMAP_REQ_VALE_NEWIF, "", nil, unix.EINVAL},
		"newif: mem id":          {abi.NETMAP_REQ_VALE_NEWIF, "fresh", &abi.ReqNewIf{MemID: 99}, unix.EINVAL},
		"delif":                  {abi.NETMAP_REQ_VALE_DELIF, "pv", nil, 0},
		"delif: unknown":         {abi.NETMAP_REQ_VALE_DELIF, "nope", nil, unix.ENXIO},
		"delif: not a VALE port": {abi.NETMAP_REQ_VALE_DELIF, "eth1", nil, unix.EINVAL},
		"delif: attached":        {abi.NETMAP_REQ_VALE_DELIF, "on", nil, unix.EBUSY},

		"polling: VALE port":  {abi.NETMAP_REQ_VALE_POLLING_ENABLE, "vale1:open", nil, unix.EOPNOTSUPP},
		"polling: unknown":    {abi.NETMAP_REQ_VALE_POLLING_DISABLE, "vale1:x", nil, unix.ENXIO},
		"polling: not VALE":   {abi.NETMAP_REQ_VALE_POLLING_ENABLE, "eth1", nil, unix.EINVAL},
		"header: none":        {abi.NETMAP_REQ_PORT_HDR_SET, "vale1:open", nil, 0},
		"header: 11 bytes":    {abi.NETMAP_REQ_PORT_HDR_SET, "vale1:open", &abi.ReqPortHdr{HdrLen: 11}, unix.EINVAL},
		"header: unknown":     {abi.NETMAP_REQ_PORT_HDR_SET, "vale1:x", nil, unix.ENXIO},
		"header: not VALE":    {abi.NETMAP_REQ_PORT_HDR_SET, "eth1", nil, unix.ENXIO},
		"header: get":         {abi.NETMAP_REQ_PORT_HDR_GET, "eth1", nil, 0},
		"header: get unknown": {abi.NETMAP_REQ_PORT_HDR_GET, "vale1:x", nil, unix.ENXIO},

		"csb: no option":  {abi.NETMAP_REQ_CSB_ENABLE, "", nil, unix.EINVAL},
		"kloop: nothing":  {abi.NETMAP_REQ_SYNC_KLOOP_START, "", nil, unix.ENXIO},
		"kloop: stop":     {abi.NETMAP_REQ_SYNC_KLOOP_STOP, "", nil, unix.ENXIO},
		"unknown request": {77, "eth1", nil, unix.EINVAL},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newNode(t, e, name)
			before := s.program(t)
			before.must("vale1:open", abi.ReqRegister{})
			for _, name := range []string{"pv", "on"} {
				before.ask(request(t, abi.NETMAP_REQ_VALE_NEWIF, name, nil))
			}
			before.ask(request(t, abi.NETMAP_REQ_VALE_ATTACH, "vale1:on", nil))
			p := s.program(t)
			if r := p.ask(request(t, c.typ, c.port, c.body)); r.Errno != c.want {
				t.Errorf("%v, want %v", r.Errno, c.want)
			}
			p.end()
			before.end()
			s.Close()
			if len(s.memories)+len(s.hidden)+len(s.host.(*host).kept) > 0 {
				t.Errorf("left: %d memories, %d hidden switches, %d kept", len(s.memories), len(s.hidden), len(s.host.(*host).kept))
			}
			for _, b := range s.bridges {
				if b != nil {
					t.Errorf("left: switch %s", b.name)
				}
			}
		})
	}
}

// TestOptionErrors: what becomes of a registration with options, and of their statuses.
func TestOptionErrors(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n")
	option := func(typ uint32, size int) wire.Option {
		return wire.Option{Option: abi.Option{ReqType: typ}, Rest: make([]byte, size)}
	}
	for name, c := range map[string]struct {
		options []wire.Option
		cut     bool
		want    unix.Errno
		status  []unix.Errno
	}{
		"unknown":  {[]wire.Option{option(6, 0)}, false, unix.EOPNOTSUPP, []unix.Errno{unix.EOPNOTSUPP}},
		"extmem":   {[]wire.Option{option(1, 72)}, false, unix.EOPNOTSUPP, []unix.Errno{unix.EOPNOTSUPP}},
		"csb":      {[]wire.Option{option(3, 16)}, false, unix.EINVAL, []unix.Errno{unix.EINVAL}}, // not exclusive
		"type 0":   {[]wire.Option{option(0, 0)}, false, unix.EINVAL, []unix.Errno{unix.EINVAL}},
		"twice":    {[]wire.Option{option(1, 72), option(1, 72)}, false, unix.EINVAL, []unix.Errno{unix.EINVAL, unix.EINVAL}},
		"too many": {[]wire.Option{option(6, 0)}, true, unix.EMSGSIZE, []unix.Errno{0}},
	} {
		p := s.program(t)
		q := request(t, abi.NETMAP_REQ_REGISTER, "eth1", &abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC})
		q.Options, q.Cut = c.options, c.cut
		r := p.ask(q)
		if r.Errno != c.want || p.conn.Opened() {
			t.Errorf("%s: %v, want %v", name, r.Errno, c.want)
		}
		for i, want := range c.status {
			if r.Options[i].Status != uint32(want) {
				t.Errorf("%s: status %v, want %v", name, unix.Errno(r.Options[i].Status), want)
			}
		}
		p.end()
	}
}
