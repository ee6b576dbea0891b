package guard

import "slices"

// maxNames bounds the prepared statements and portals that a session may have
// open: each costs memory here as it does in the server.
const maxNames = 1 << 16

// maxInflight bounds what one name may stand for at a time.
const maxInflight = 64

// maxNameLength is NAMEDATALEN - 1: the server keys statements and portals by
// that many bytes (src/backend/commands/prepare.c, utils/mmgr/portalmem.c), so
// two longer names that agree so far are one object.
const maxNameLength = 63

// registry knows what prepared statements, or portals, the server has or may
// soon have. It follows the server's replies: a definition counts as made once
// its ParseComplete or BindComplete arrives, and until then as possible.
type registry struct {
	unnamed slot
	named   map[string]*slot
}

// slot is what one name can stand for. More than one answer is possible while
// definitions are in flight; all of them are judged.
type slot struct {
	committed *judged
	inflight  []*judged
	// newest was defined by a message of the given section, the last one in flight.
	newest  *judged
	section int
}

// candidates returns what the name can stand for, newest last; nothing where the
// name is not known. The slice is valid until the registry changes.
//
// A section is what a client sends between two Syncs. The unnamed statement, or
// portal, that was defined in this section stands alone: where the server rejects
// the definition it skips the rest of the section, and the one before is gone, be it
// by the definition itself or by a simple query (exec_parse_message and
// exec_simple_query in src/backend/tcop/postgres.c). A name keeps its old meaning
// where a COPY swallows the message that would give it a new one.
func (r *registry) candidates(name []byte, section int, into []*judged) []*judged {
	s := r.find(name)
	if s == nil {
		return into
	}
	if n := len(s.inflight); len(name) == 0 && n > 0 && s.newest == s.inflight[n-1] && s.section == section {
		return append(into, s.newest)
	}
	if s.committed != nil {
		into = append(into, s.committed)
	}
	return append(into, s.inflight...)
}

func (r *registry) find(name []byte) *slot {
	if len(name) == 0 {
		return &r.unnamed
	}
	return r.named[string(truncate(name))]
}

// define notes that a definition is on its way to the server. It returns false
// where the session has too many names.
func (r *registry) define(name []byte, section int, j *judged) bool {
	s := r.find(name)
	if s == nil {
		if len(r.named) >= maxNames {
			return false
		}
		if r.named == nil {
			r.named = map[string]*slot{}
		}
		s = &slot{}
		r.named[string(truncate(name))] = s
	}
	s.inflight = append(s.inflight, j)
	s.newest, s.section = j, section
	return true
}

// noSection is that of a definition which no message makes.
const noSection = -1

// adopt notes a definition made by SQL (PREPARE), to which no message answers:
// it counts as possible until the name is removed. It returns false where the
// session has too many.
func (r *registry) adopt(name string, j *judged) bool {
	s := r.find([]byte(name))
	if s != nil && s.has(j) {
		return true
	}
	if s != nil && len(s.inflight) >= maxInflight {
		return false
	}
	return r.define([]byte(name), noSection, j)
}

func (s *slot) has(j *judged) bool {
	for _, other := range s.inflight {
		if other.summary == j.summary {
			return true
		}
	}
	return s.committed != nil && s.committed.summary == j.summary
}

// settle notes how the server answered a definition.
func (r *registry) settle(name string, j *judged, made bool) {
	s := r.find([]byte(name))
	if s == nil {
		return
	}
	for i, other := range s.inflight {
		if other == j {
			s.inflight = append(s.inflight[:i], s.inflight[i+1:]...)
			break
		}
	}
	if made {
		s.committed = j
	}
	r.forget(name, s)
}

// parametric tells whether a name can stand for a statement whose parameters' types
// matter.
func (r *registry) parametric(name []byte) bool {
	s := r.find(name)
	if s == nil {
		return false
	}
	isParametric := func(j *judged) bool { return j != nil && j.parametric }
	return isParametric(s.committed) || slices.ContainsFunc(s.inflight, isParametric)
}

// typed notes the types of the parameters of the statement that the server has under a
// name.
func (r *registry) typed(name string, types []uint32) {
	if s := r.find([]byte(name)); s != nil && s.committed != nil {
		s.committed = s.committed.typed(types)
	}
}

// remove notes that the server has closed a name.
func (r *registry) remove(name string) {
	if s := r.find([]byte(name)); s != nil {
		s.committed = nil
		r.forget(name, s)
	}
}

// drop forgets everything that a name can stand for, in flight or not. What is
// still in flight becomes known again when it settles.
func (r *registry) drop(name string) {
	if s := r.find([]byte(name)); s != nil {
		*s = slot{inflight: s.inflight[:0]}
		r.forget(name, s)
	}
}

// clear notes that the server has closed every name, as it does with portals at
// the end of a transaction.
func (r *registry) clear() {
	r.unnamed.committed = nil
	for name, s := range r.named {
		s.committed = nil
		r.forget(name, s)
	}
}

func (r *registry) forget(name string, s *slot) {
	if name != "" && s.committed == nil && len(s.inflight) == 0 {
		delete(r.named, string(truncate([]byte(name))))
	}
}

func truncate(name []byte) []byte {
	if len(name) > maxNameLength {
		return name[:maxNameLength]
	}
	return name
}
