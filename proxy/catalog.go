package proxy

import (
	"context"

	"github.com/pgcordon/pgcordon/catalog/load"
	"github.com/pgcordon/pgcordon/policy"
)

// watchesOf returns a watch for each database of a target whose catalog is read; none
// runs yet.
func watchesOf(t *policy.Target) map[string]*load.Watch {
	watches := map[string]*load.Watch{}
	if t.Catalog != nil {
		for _, database := range t.Catalog.Databases {
			watches[database] = &load.Watch{}
		}
	}
	return watches
}

// follow reads the catalogs of these places from now on, and no others any more. What a
// new policy asks for is read anew: until that is done, statements are judged from their
// text alone.
func (s *Server) follow(places map[policy.Endpoint]*place) {
	ctx, stop := context.WithCancel(context.Background())
	s.stopCatalogs()
	s.stopCatalogs = stop
	seen := map[*policy.Target]bool{}
	for _, p := range places {
		if seen[p.target] {
			continue
		}
		seen[p.target] = true
		for database, watch := range p.watches {
			go watch.Run(ctx, p.source(database), p.target.Catalog.Refresh, func(err error) {
				s.log.Warn("catalog not read: statements are judged from their text alone", "target", p.target.Name, "database", database, "error", err)
			})
		}
	}
}

// source is where a database's catalog is read, by the way that clients go.
func (p *place) source(database string) load.Source {
	return load.Source{
		Dial: p.dial, User: p.target.Catalog.User, Password: p.target.Catalog.Password, Database: database,
	}
}
