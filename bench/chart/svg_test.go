package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
)

func sample() *Chart {
	return &Chart{
		Title: "a < b & c", Series: []string{"one", "two"}, Foot: "foot",
		Panels: []Panel{{Title: "panel", Groups: []Group{{"g", []Bar{{2, 1.5, 4}, {0, 0, 0}}}}},
			{Title: "cut", Limit: 3, Groups: []Group{{"g", []Bar{{1, 1, 1}, {9, 8, 10}}}}}},
	}
}

func TestDrawingIsWellFormed(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(string(sample().SVG())))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestBarsStayInsideTheDrawing(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(string(sample().SVG())))
	bars := 0 // two groups of two, of which one has a bar without a value
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "rect" || attribute(t, element, "height") != barHeight {
			continue
		}
		bars++
		if end := attribute(t, element, "x") + attribute(t, element, "width"); end > width-right {
			t.Errorf("a bar ends at %d", end)
		}
	}
	if bars != 3 {
		t.Errorf("%d bars, want three: a bar without a value is left out", bars)
	}
}

func attribute(t *testing.T, e xml.StartElement, name string) int {
	t.Helper()
	for _, a := range e.Attr {
		if a.Name.Local == name {
			n, err := strconv.Atoi(a.Value)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("<%s> has no %s", e.Name.Local, name)
	return 0
}
