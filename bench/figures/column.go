package figures

import "slices"

// Column is one figure of every cell of a table.
type Column struct {
	Title  string
	Metric Metric
	Of     string  // a peer
	To     string  // the peer that it is compared with; empty: an absolute figure
	Unit   float64 // of an absolute figure
	// Percent shows a ratio in hundredths.
	Percent bool
}

// Compare makes a table with a row for each cell. A column in which nothing was
// measured is left out.
func Compare(title, note string, cells []Cell, columns []Column) *Table {
	t := &Table{Title: title, Note: note, Header: []string{""}}
	for i := range cells {
		t.Rows = append(t.Rows, []string{cells[i].Load})
	}
	for _, c := range columns {
		if !c.measured(cells) {
			continue
		}
		t.Header = append(t.Header, c.Title)
		for i := range cells {
			t.Rows[i] = append(t.Rows[i], c.show(&cells[i]))
		}
	}
	return t
}

func (c Column) measured(cells []Cell) bool {
	return slices.ContainsFunc(cells, func(cell Cell) bool { return c.show(&cell) != Missing })
}

func (c Column) show(cell *Cell) string {
	if c.To == "" {
		if s, ok := cell.Absolute(c.Metric, c.Of); ok && s.Median > 0 {
			return Short(s.Median, c.Unit)
		}
		return Missing
	}
	s, ok := cell.Ratio(c.Metric, c.Of, c.To)
	switch {
	case !ok:
		return Missing
	case c.Percent:
		return s.percent()
	}
	return s.String()
}
