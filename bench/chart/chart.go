// Package chart draws bars with their ranges as SVG, for light and dark pages.
package chart

// Chart is a drawing of panels, one below the other, that share their series.
type Chart struct {
	Title, Foot string
	Series      []string // names of the bars of each group
	Panels      []Panel
}

// Panel has a scale of its own.
type Panel struct {
	Title  string
	Groups []Group
	// Limit, if any, is where longer bars are cut, so that others can be told apart.
	Limit float64
}

// Group is bars that belong together, one a series.
type Group struct {
	Title string
	Bars  []Bar
}

// Bar is a value with its range. A bar without a value is left out.
type Bar struct{ Value, Min, Max float64 }

// most is the greatest value that has room in the panel.
func (p *Panel) most() float64 {
	most := 1.0 // what all is compared with
	for _, g := range p.Groups {
		for _, b := range g.Bars {
			most = max(most, b.Max, b.Value)
		}
	}
	if p.Limit > 0 {
		most = min(most, p.Limit)
	}
	return most
}
