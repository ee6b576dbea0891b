package peer

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/pgcordon/pgcordon/bench/usage"
	"github.com/pgcordon/pgcordon/test/child"
)

// Host is where every peer listens.
const Host = "127.0.0.1"

// Peer is one way to the server: through a running proxy, or direct.
type Peer struct {
	Name string
	Port int
	// MetricsPort is where pgcordon serves its metrics; other peers do not.
	MetricsPort int

	recipe  recipe
	home    string
	process *child.Process
}

// Direct is the way without a proxy.
func Direct(s *Site) *Peer { return &Peer{Name: "direct", Port: s.Server.Port} }

// Start runs the proxy of that name and waits until it takes connections. Stop it.
func Start(name string, s *Site) (*Peer, error) {
	r, ok := recipes[name]
	if !ok {
		return nil, fmt.Errorf("start %s: no such proxy", name)
	}
	return start(name, r, s)
}

// StartBuild runs a build of pgcordon with the configuration of the proxy "pgcordon".
func StartBuild(name, program string, s *Site) (*Peer, error) {
	r := recipes["pgcordon"]
	r.program = program
	return start(name, r, s)
}

func start(name string, r recipe, s *Site) (*Peer, error) {
	home, err := s.folder(name)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &Peer{Name: name, recipe: r, home: home}
	if err := p.boot(s); err != nil {
		_ = p.Stop() // the first error says more
		return nil, fmt.Errorf("start %s: %w\n%s", name, err, p.log())
	}
	return p, nil
}

func (p *Peer) boot(s *Site) error {
	var err error
	if p.Port, err = FreePort(); err != nil {
		return err
	}
	if p.MetricsPort, err = FreePort(); err != nil {
		return err
	}
	if err := p.configure(s); err != nil {
		return err
	}
	if err := p.launch(s); err != nil {
		return err
	}
	return p.awaitListening()
}

// Processes returns the proxy's process and its children, which some proxies have
// more of with time; none where the way is direct.
func (p *Peer) Processes() ([]int, error) {
	if p.process == nil {
		return nil, nil
	}
	return usage.Tree(p.process.PID())
}

// configure writes the files of the recipe into the peer's own folder.
func (p *Peer) configure(s *Site) error {
	for _, f := range p.recipe.files {
		text, err := f.text(values{Site: s, Port: p.Port, MetricsPort: p.MetricsPort, Home: p.home})
		if err != nil {
			return fmt.Errorf("write %s: %w", f.name, err)
		}
		path := filepath.Join(p.home, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make a folder for %s: %w", f.name, err)
		}
		if err := s.write(path, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Peer) launch(s *Site) error {
	log, err := os.Create(p.logFile())
	if err != nil {
		return fmt.Errorf("make its log: %w", err)
	}
	defer log.Close()
	program := p.recipe.program
	if program == "" {
		program = s.Program
	}
	cmd := exec.Command(program, p.recipe.args...)
	cmd.Dir = p.home
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/bin", "LC_ALL=C", "OPENSSL_CONF=" + s.OpenSSL}
	if s.Relay != "" {
		cmd.Env = append(cmd.Env, "PGCORDON_RELAY="+s.Relay)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential}
	p.process, err = child.Start(cmd, p.recipe.stop)
	return err
}

func (p *Peer) awaitListening() error {
	const patience = 30 * time.Second
	deadline := time.After(patience)
	for {
		if conn, err := net.Dial("tcp", p.Address()); err == nil {
			return conn.Close()
		}
		select {
		case <-p.process.Done():
			return errors.New("it ended at once")
		case <-deadline:
			return fmt.Errorf("it does not listen after %s", patience)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Address is where clients connect, host:port.
func (p *Peer) Address() string { return net.JoinHostPort(Host, strconv.Itoa(p.Port)) }

// Stop ends the proxy. It leaves its folder to the Site.
func (p *Peer) Stop() error {
	if p.process == nil {
		return nil
	}
	const grace = 10 * time.Second
	if err := p.process.Stop(p.recipe.stop, grace); !endedBySignal(err) {
		return fmt.Errorf("stop %s: %w", p.Name, err)
	}
	return nil
}

// endedBySignal tells whether a process ended as it was told to: some programs
// leave it to the signal, others exit with a status of their own.
func endedBySignal(err error) bool {
	var exit *exec.ExitError
	return err == nil || errors.As(err, &exit) && (!exit.Sys().(syscall.WaitStatus).Signaled() ||
		exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL)
}

func (p *Peer) logFile() string { return filepath.Join(p.home, "log") }

func (p *Peer) log() string {
	text, _ := os.ReadFile(p.logFile()) // it is part of an error message already
	return string(text)
}

// FreePort finds a port on Host that nobody listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(Host, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
