package peer

// bounded are the rules of guards whose limits no load ever comes near. They are about
// every UPDATE, and every transaction, of the loads.
const (
	boundedRows = `
  - name: bounded
    action: allow
    max_rows: 1000
    when: {effect: update}
`
	boundedEffects = `
transactions:
  - name: bounded
    max_effects: {deleted: 100, updated: 1000, truncated: 0, altered: 0}
`
)

// limitingRows is the guard over TCP with a limit on the rows of a statement.
func limitingRows(v values) (string, error) {
	text, err := overTCP(v)
	if err != nil {
		return "", err
	}
	return replaced(text, [][2]string{{"\nstatements:\n", "\nstatements:" + boundedRows}})
}

// limitingEffects is the guard over TCP with a limit on what transactions do.
func limitingEffects(v values) (string, error) {
	text, err := overTCP(v)
	return text + boundedEffects, err
}
