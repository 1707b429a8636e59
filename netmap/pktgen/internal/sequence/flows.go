package sequence

// MaxFlows is how many flows are followed at a time. When one more turns up, a
// flow that has been quiet gives its place; what it counted stays counted, and
// should it come back it begins anew.
const MaxFlows = 1024

// Flows follows many flows. Its zero value has seen none. It is not safe for
// concurrent use.
type Flows struct {
	flows  []*flow
	byID   map[uint32]*flow
	last   *flow // the flow of the last Observe
	hand   int   // where the search for a quiet flow goes on
	gone   Counts
	number uint64
}

type flow struct {
	id     uint32
	active bool // since the hand last passed
	Tracker
}

// Observe takes note of the numbers first, ..., first+n-1 of the flow id, in
// this order.
func (f *Flows) Observe(id uint32, first, n uint64) {
	if n == 0 {
		return
	}
	fl := f.last
	if fl == nil || fl.id != id {
		if fl = f.byID[id]; fl == nil {
			fl = f.begin(id)
		}
		f.last = fl
	}
	fl.active = true
	fl.Observe(first, n)
}

// begin makes room for a new flow.
func (f *Flows) begin(id uint32) *flow {
	f.number++
	if f.byID == nil {
		f.byID = make(map[uint32]*flow)
	}
	var fl *flow
	if len(f.flows) < MaxFlows {
		fl = new(flow)
		f.flows = append(f.flows, fl)
	} else {
		fl = f.quiet()
		f.gone.add(fl.Counts())
		delete(f.byID, fl.id)
	}
	*fl = flow{id: id}
	f.byID[id] = fl
	return fl
}

// quiet picks a flow that was not heard of since the hand last passed it, or
// else the one under the hand.
func (f *Flows) quiet() *flow {
	for range f.flows {
		fl := f.flows[f.hand]
		f.hand = (f.hand + 1) % len(f.flows)
		if !fl.active {
			return fl
		}
		fl.active = false
	}
	return f.flows[f.hand]
}

// Counts gives the sum over all flows so far.
func (f *Flows) Counts() Counts {
	c := f.gone
	for _, fl := range f.flows {
		c.add(fl.Counts())
	}
	return c
}

// Number gives how many flows have begun.
func (f *Flows) Number() uint64 { return f.number }
