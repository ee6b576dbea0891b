package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
)

// The report that CI servers read. There is no standard but what they agree on:
// a suite has cases, a case fails by having a failure, or is skipped.
type (
	junitReport struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string         `xml:"classname,attr"`
		Name    string         `xml:"name,attr"`
		File    string         `xml:"file,attr"`
		Line    int            `xml:"line,attr,omitempty"`
		Failure []junitMessage `xml:"failure"`
		Skipped *junitMessage  `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (r *checkReport) writeJUnit(file string) error {
	var report junitReport
	for _, b := range r.broken {
		report.add(junitSuite{Name: b.name, Cases: []junitCase{{
			Class: b.name, Name: "the file is valid", File: b.name,
			Failure: []junitMessage{{Message: "the file is invalid", Text: b.err.Error()}},
		}}})
	}
	for i := range r.files {
		report.add(r.files[i].junit())
	}
	if suite := r.junitCoverage(); suite.Cases != nil {
		report.add(suite)
	}
	out, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(xml.Header), append(out, '\n')...), 0o644)
}

// add counts the cases of a suite.
func (r *junitReport) add(s junitSuite) {
	for i := range s.Cases {
		s.Tests++
		if s.Cases[i].Failure != nil {
			s.Failures++
		}
		if s.Cases[i].Skipped != nil {
			s.Skipped++
		}
	}
	r.Tests, r.Failures = r.Tests+s.Tests, r.Failures+s.Failures
	r.Suites = append(r.Suites, s)
}

func (f *testedFile) junit() junitSuite {
	suite := junitSuite{Name: f.tests.Path}
	for i, result := range f.results {
		test := &f.tests.List[i]
		c := junitCase{Class: f.tests.Path, Name: test.Name, File: f.tests.Path, Line: test.Place.Line}
		for _, failure := range result.Failures {
			c.Failure = append(c.Failure, junitMessage{
				Message: fmt.Sprintf("want %s, got %s", failure.Want, failure.Got),
				Text:    strings.TrimSuffix(difference(f.tests.Path, test.Name, failure), "\n"),
			})
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite
}

// junitCoverage has a case for each deny rule: skipped where no test saw it deny, or,
// with --strict-coverage, failed.
func (r *checkReport) junitCoverage() junitSuite {
	suite := junitSuite{Name: r.config}
	for i, rule := range r.rules {
		c := junitCase{Class: r.config, Name: rule.String() + " denies", File: r.config, Line: r.places[i].Line}
		missing := junitMessage{Message: "no test saw this rule deny"}
		switch {
		case r.denied[rule]:
		case r.strict:
			c.Failure = []junitMessage{missing}
		default:
			c.Skipped = &missing
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite
}
