package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pgcordon/pgcordon/audit"
	"github.com/pgcordon/pgcordon/test/child"
)

//go:embed pgcordon.yaml
var configuration []byte

// door is pgcordon in front of the shop.
type door struct {
	dir     string
	process *child.Process
}

// guard starts pgcordon and waits until it is ready.
func (s *shop) guard(binary string) (*door, error) {
	dir, err := os.MkdirTemp("", "pgcordon-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for pgcordon: %w", err)
	}
	d := &door{dir: dir}
	if err := d.start(binary); err != nil {
		d.stop()
		return nil, fmt.Errorf("start pgcordon: %w\n%s", err, d.log())
	}
	return d, nil
}

func (d *door) start(binary string) error {
	config := filepath.Join(d.dir, "pgcordon.yaml")
	if err := os.WriteFile(config, configuration, 0o600); err != nil {
		return err
	}
	log, err := os.Create(d.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(binary, "run", "--config", config)
	cmd.Stdout, cmd.Stderr = log, log
	if d.process, err = child.Start(cmd, syscall.SIGTERM); err != nil {
		return err
	}
	for range 1000 {
		if response, err := http.Get("http://" + metricsAddr + "/readyz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-d.process.Done():
			return fmt.Errorf("it ended: %w", d.process.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return fmt.Errorf("it is not ready")
}

func (d *door) stop() {
	if d.process != nil {
		_ = d.process.Stop(syscall.SIGTERM, 10*time.Second)
	}
	_ = os.RemoveAll(d.dir)
}

func (d *door) auditFile() string { return filepath.Join(d.dir, "audit.jsonl") }
func (d *door) logFile() string   { return filepath.Join(d.dir, "log") }

func (d *door) log() string {
	text, _ := os.ReadFile(d.logFile())
	return string(text)
}

// show prints the audit log's refusals and the metrics that count them.
func (d *door) show(ctx context.Context, s *screen) error {
	s.title("What the audit log says")
	file, err := os.Open(d.auditFile())
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var e audit.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		if e.Decision == audit.Deny {
			s.line("%s %-17s %-10s %-15s %s", e.Time.Format(time.TimeOnly), e.Type, e.Source.Environment, e.Source.Address, e.ID)
			s.line("         %s", s.paint(grey, strings.TrimSpace(e.Rule+"  "+e.SQL)))
		}
	}
	s.title("What /metrics says")
	return showMetrics(ctx, s)
}

func showMetrics(ctx context.Context, s *screen) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+metricsAddr+"/metrics", nil)
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("read metrics: %w", err)
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, labels, _ := strings.Cut(lines.Text(), "{")
		if name == "pgcordon_sessions_refused_total" || name == "pgcordon_statements_refused_total" {
			labels, value, _ := strings.Cut(labels, "} ")
			s.line("%s %s", name, s.paint(bold, value))
			s.result(grey, strings.ReplaceAll(labels, ",", " "))
		}
	}
	return nil
}
