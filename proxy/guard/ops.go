package guard

// OpKind is what a driver is to do.
type OpKind uint8

// The operations. Pass and Drop consume input; the others do not. They are to be
// carried out in order.
const (
	Pass   OpKind = iota // forward the next N bytes of the input unchanged
	Drop                 // consume the next N bytes without forwarding them
	Send                 // write Bytes to where the input would have gone
	Begin                // an event begins: stamp its Start
	Finish               // an event is complete: record it, durably where it is a refusal, before going on
	End                  // the session must end: FromServer's Farewell, then close both sides
)

// Op is one operation. Bytes is valid until the next call of the same method of
// the Guard.
type Op struct {
	Kind  OpKind
	N     int
	Bytes []byte
	Event *Event
}

// Ops is a list of operations, reused by the driver between calls.
type Ops []Op

func (o *Ops) pass(n int)    { o.take(Pass, n) }
func (o *Ops) drop(n int)    { o.take(Drop, n) }
func (o *Ops) send(b []byte) { *o = append(*o, Op{Kind: Send, Bytes: b}) }
func (o *Ops) end()          { *o = append(*o, Op{Kind: End}) }

func (o *Ops) begin(e *Event)  { *o = append(*o, Op{Kind: Begin, Event: e}) }
func (o *Ops) finish(e *Event) { *o = append(*o, Op{Kind: Finish, Event: e}) }

// take consumes n bytes of input, joining a run of messages into one operation
// so that a driver writes once.
func (o *Ops) take(kind OpKind, n int) {
	if n == 0 {
		return
	}
	if last := len(*o) - 1; last >= 0 && (*o)[last].Kind == kind {
		(*o)[last].N += n
		return
	}
	*o = append(*o, Op{Kind: kind, N: n})
}
