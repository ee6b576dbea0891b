package figures

// Column is one figure of every cell of a table.
type Column struct {
	Title  string
	Metric Metric
	Of     string  // a peer
	To     string  // the peer that it is compared with; empty: an absolute figure
	Unit   float64 // of an absolute figure
}

// Compare makes a table with a row for each cell.
func Compare(title, note string, cells []Cell, columns []Column) *Table {
	t := &Table{Title: title, Note: note, Header: []string{""}}
	for _, c := range columns {
		t.Header = append(t.Header, c.Title)
	}
	for i := range cells {
		row := []string{cells[i].Load}
		for _, c := range columns {
			row = append(row, c.show(&cells[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (c Column) show(cell *Cell) string {
	if c.To == "" {
		if s, ok := cell.Absolute(c.Metric, c.Of); ok && s.Median > 0 {
			return Short(s.Median, c.Unit)
		}
		return Missing
	}
	if s, ok := cell.Ratio(c.Metric, c.Of, c.To); ok {
		return s.String()
	}
	return Missing
}
