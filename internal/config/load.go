// Package config is what an operator decides, in one struct: built-in settings,
// then a YAML file, then environment variables, then flags. Mistakes are found
// all at once, each with its place.
package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/caarlos0/env/v11"
)

// EnvPrefix starts the names of all environment variables that are read.
const EnvPrefix = "LATCHKEY_"

// RootKeyVar is the environment variable that holds the root key when the
// configuration does not say where it is.
const RootKeyVar = EnvPrefix + "ROOT_KEY"

// DatabaseVar is the environment variable that holds the address of the database
// when the configuration does not say where it is.
const DatabaseVar = EnvPrefix + "DATABASE"

// Source is where a configuration comes from.
type Source struct {
	// File is a YAML file, or empty for none.
	File string
	// Environ are variables as in os.Environ.
	Environ []string
	// Override applies what was said on the command line; may be nil.
	Override func(*Config)
}

// Load reads and checks a configuration. Its error is Problems when there are
// mistakes in it. Secrets are not read yet.
func Load(s Source) (*Config, error) {
	c := Default()
	c.origin = origin{file: s.File, environ: env.ToMap(s.Environ)}
	var problems Problems
	if s.File != "" {
		text, err := os.ReadFile(s.File)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		doc, err := parse(text)
		if err != nil {
			return nil, Problems{c.origin.syntax(err)}
		}
		problems = decode(c, doc)
	}
	problems = append(problems, c.applyEnviron()...)
	c.completeDatabase()
	if s.Override != nil {
		s.Override(c)
	}
	c.complete()
	problems = append(problems, c.check(problems)...)
	if err := problems.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// applyEnviron sets what environment variables say.
func (c *Config) applyEnviron() Problems {
	c.origin.vars = map[string]string{}
	paths := map[string]string{}
	for _, f := range fieldsOf(reflect.ValueOf(Config{}), "", EnvPrefix) {
		if f.Env != "" {
			paths[f.Env] = f.Path
		}
	}
	options := env.Options{Prefix: EnvPrefix, Environment: map[string]string{}}
	for name, path := range paths {
		if value := c.origin.environ[name]; value != "" {
			options.Environment[name] = value
			c.origin.vars[path] = name
			c.dropSecret(path)
		}
	}
	return envProblems(env.ParseWithOptions(c, options))
}

// dropSecret removes the reference that the setting with that path belongs to:
// where a secret is said to be in a variable, what the file says is void.
func (c *Config) dropSecret(path string) {
	switch parent(path) {
	case "root_key":
		c.RootKey = SecretRef{}
	case "database":
		c.Database = SecretRef{}
	case "previous_root_key":
		c.PreviousRootKey = SecretRef{}
	}
}

// envProblems turns the parser's errors into problems, without the values.
func envProblems(err error) (problems Problems) {
	var all env.AggregateError
	if err == nil {
		return nil
	}
	if !errors.As(err, &all) {
		return Problems{{Source: "environment", Text: err.Error()}}
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		if errors.As(err, &parse) {
			problems = append(problems, Problem{Source: "environment", Path: parse.Name, Text: envRule(parse)})
			continue
		}
		problems = append(problems, Problem{Source: "environment", Text: err.Error()})
	}
	return problems
}

func envRule(e env.ParseError) string {
	if e.Type.Kind() == reflect.Int || e.Type.Kind() == reflect.Bool {
		return "must be " + kindName(e.Type)
	}
	return e.Err.Error()
}

func (c *Config) completeDatabase() {
	if c.Database.empty() && c.origin.environ[DatabaseVar] != "" {
		c.Database.Env = DatabaseVar
	}
}

// complete fills in what follows from other settings.
func (c *Config) complete() {
	if c.RootKey.empty() {
		c.RootKey.Env = RootKeyVar
	}
	for i := range c.Tenants {
		c.completeTenant(&c.Tenants[i], fmt.Sprintf("tenants[%d]", i), c.PublicURL)
	}
}

// completeTenant fills in what follows from other settings, and from where the
// tenant is when it does not say so.
func (c *Config) completeTenant(t *Tenant, path, base string) {
	if t.Name == "" {
		t.Name = t.ID
	}
	for j := range t.Clients {
		c.completeClient(&t.Clients[j], fmt.Sprintf("%s.clients[%d]", path, j))
	}
	t.Destinations.completeHosts(base)
	t.completeApps(base)
}

// completeHosts fills in the hosts of destinations that have none of their own.
func (d *Destinations) completeHosts(publicURL string) {
	complete := func(hosts *[]string, standard ...string) {
		if *hosts == nil && len(standard) > 0 && standard[0] != "" {
			*hosts = standard
		}
	}
	var led []string
	if d.Cart != nil {
		complete(&d.Cart.Hosts, publicURL)
		led = d.Cart.Hosts
	}
	if d.Account != nil {
		complete(&d.Account.Hosts, publicURL)
		led = d.Account.Hosts
	}
	if d.Portal != nil {
		complete(&d.Portal.Hosts, publicURL)
	}
	if d.Entrance != nil {
		complete(&d.Entrance.Hosts, led...)
	}
}
