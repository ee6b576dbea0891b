package peer

import (
	"embed"
	"net"
	"strconv"
	"strings"
	"syscall"
	"text/template"
)

// recipe is how to run a proxy.
type recipe struct {
	program string // pgcordon where it is empty
	args    []string
	files   []file
	stop    syscall.Signal // ends it without waiting for sessions
}

// file is one that a proxy reads.
type file struct {
	name string
	text func(values) (string, error)
}

// values are what the texts of files depend on.
type values struct {
	*Site
	Port, MetricsPort int
	Home              string
}

func (v values) metrics() string { return net.JoinHostPort(Host, strconv.Itoa(v.MetricsPort)) }

var recipes = map[string]recipe{
	"pgbouncer": {
		program: "/usr/sbin/pgbouncer",
		args:    []string{"pgbouncer.ini"},
		files:   []file{embedded("pgbouncer.ini"), embedded("pgbouncer_hba.conf"), embedded("pgbouncer_users.txt")},
		stop:    syscall.SIGTERM,
	},
	"haproxy": {
		program: "/usr/sbin/haproxy",
		args:    []string{"-db", "-f", "haproxy.cfg"},
		files:   []file{embedded("haproxy.cfg")},
		stop:    syscall.SIGTERM,
	},
	"pgpool": {
		program: "/usr/sbin/pgpool",
		args:    []string{"-n", "-f", "pgpool.conf", "-a", "pool_hba.conf"},
		files:   []file{embedded("pgpool.conf"), embedded("pool_hba.conf"), embedded("pool_passwd")},
		stop:    syscall.SIGINT,
	},
	"bare": {
		program: "/proc/self/exe",
		args:    []string{"bare", "addresses"},
		files:   []file{{"addresses", overBare}},
		stop:    syscall.SIGTERM,
	},
	"pgcordon":         guard(file{"etc/pgcordon.yaml", overTCP}),
	"pgcordon-unix":    guard(file{"etc/pgcordon.yaml", overUnix}),
	"pgcordon-empty":   guard(file{"etc/pgcordon.yaml", withoutRules}),
	"pgcordon-rows":    guard(file{"etc/pgcordon.yaml", limitingRows}),
	"pgcordon-effects": guard(file{"etc/pgcordon.yaml", limitingEffects}),
}

// guard runs pgcordon, which a second signal would end if sessions kept it. Its
// configuration has a folder of its own, as anywhere, because it watches that: a log
// in there would wake it with every write.
func guard(configuration file) recipe {
	return recipe{
		args:  []string{"run", "--config", configuration.name},
		files: []file{configuration},
		stop:  syscall.SIGTERM,
	}
}

// overBare is where a bare relay listens, and its server.
func overBare(v values) (string, error) {
	at := func(port int) string { return net.JoinHostPort(Host, strconv.Itoa(port)) }
	return at(v.Port) + "\n" + at(v.Server.Port) + "\n", nil
}

//go:embed files
var files embed.FS

var templates = template.Must(template.ParseFS(files, "files/*"))

// embedded is a file of this package's folder files, filled in.
func embedded(name string) file {
	return file{name, func(v values) (string, error) {
		var text strings.Builder
		err := templates.ExecuteTemplate(&text, name, v)
		return text.String(), err
	}}
}
