package chart

import (
	"bytes"
	"fmt"
	"html"
)

// The measures of a drawing, in pixels.
const (
	width      = 860
	margin     = 20
	left       = 96 // of the bars, behind the groups' titles
	right      = 64 // behind them, for the figures
	barHeight  = 13
	barGap     = 3
	groupGap   = 12
	lineHeight = 22
)

// colours of the series, told apart by those who see no red or green too.
var colours = []string{"#9aa5b1", "#e0a030", "#7a5fb0", "#1f77b4", "#17a2a2"}

// style lets the text have the colour that a page in the dark needs.
const style = `<style>
text { font: 12px sans-serif; fill: #24292f }
.title { font-weight: bold; font-size: 14px }
.foot { fill: #6e7781 }
.range, .one { stroke: #24292f; stroke-width: 1 }
.one { stroke-dasharray: 3 3; opacity: .5 }
@media (prefers-color-scheme: dark) {
 text { fill: #e6edf3 }
 .foot { fill: #9198a1 }
 .range, .one { stroke: #e6edf3 }
}
</style>
`

// SVG is the drawing.
func (c *Chart) SVG() []byte {
	var body bytes.Buffer
	d := drawing{out: &body, y: margin}
	d.text(margin, "title", c.Title)
	d.legend(c.Series)
	for i := range c.Panels {
		d.panel(&c.Panels[i])
	}
	d.text(margin, "foot", c.Foot)
	var all bytes.Buffer
	fmt.Fprintf(&all, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		width, d.y, html.EscapeString(c.Title))
	all.WriteString(style)
	all.Write(body.Bytes())
	all.WriteString("</svg>\n")
	return all.Bytes()
}

// drawing writes elements from top to bottom; y is where the next one begins.
type drawing struct {
	out *bytes.Buffer
	y   int
}

func (d *drawing) text(x int, class, text string) {
	d.textAt(x, d.y+lineHeight/2, class, text)
	d.y += lineHeight
}

func (d *drawing) textAt(x, baseline int, class, text string) {
	fmt.Fprintf(d.out, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", x, baseline, class, html.EscapeString(text))
}

func (d *drawing) legend(series []string) {
	x := margin
	for i, name := range series {
		fmt.Fprintf(d.out, `<rect x="%d" y="%d" width="12" height="12" fill="%s"/>`+"\n", x, d.y, colours[i%len(colours)])
		d.textAt(x+17, d.y+11, "legend", name)
		const perLetter, between = 7, 36
		x += perLetter*len(name) + between
	}
	d.y += lineHeight + groupGap
}

func (d *drawing) panel(p *Panel) {
	d.text(margin, "title", p.Title)
	top := d.y
	s := scale{most: p.most()}
	for _, g := range p.Groups {
		d.group(g, s)
	}
	one := s.x(1)
	fmt.Fprintf(d.out, `<line x1="%d" y1="%d" x2="%d" y2="%d" class="one"/>`+"\n", one, top, one, d.y-groupGap)
	d.y += groupGap
}

// scale says where a value is; greater ones than most are at the end.
type scale struct{ most float64 }

func (s scale) x(value float64) int {
	return left + int(min(value, s.most)/s.most*(width-left-right))
}

func (d *drawing) group(g Group, s scale) {
	d.textAt(margin, d.y+len(g.Bars)*(barHeight+barGap)/2+4, "group", g.Title)
	for i, b := range g.Bars {
		if b.Value > 0 {
			d.bar(b, s, colours[i%len(colours)])
		}
		d.y += barHeight + barGap
	}
	d.y += groupGap
}

func (d *drawing) bar(b Bar, s scale, colour string) {
	fmt.Fprintf(d.out, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n",
		left, d.y, s.x(b.Value)-left, barHeight, colour)
	middle := d.y + barHeight/2
	fmt.Fprintf(d.out, `<line x1="%d" y1="%d" x2="%d" y2="%d" class="range"/>`+"\n", s.x(b.Min), middle, s.x(b.Max), middle)
	figure := fmt.Sprintf("%.2f", b.Value)
	if b.Value > s.most {
		figure = "… " + figure
	}
	d.textAt(s.x(max(b.Value, b.Max))+6, d.y+barHeight-2, "figure", figure)
}
