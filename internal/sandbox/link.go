package sandbox

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// Link is a link or a token, and how it stands.
type Link struct {
	Reference   signon.Reference
	Tenant      signon.TenantID
	Client      string // who asked for it
	Destination string // its ID
	Kind        signon.SubjectKind
	Subject     signon.SubjectRef
	Standing    signon.Standing
	IssuedAt    time.Time
	ExpiresAt   time.Time
	RedeemedAt  time.Time // zero before
	Target      string
	// URL is the link itself. It is known of those that the sandbox asked for, as long
	// as it runs.
	URL string
}

// Person returns whom the link is for.
func (l *Link) Person() Person { return Person{Tenant: l.Tenant, Kind: l.Kind, Ref: l.Subject} }

// LinkFilter selects links. The zero value selects all.
type LinkFilter struct {
	Person      *Person // a customer by external reference, too
	Tenant      signon.TenantID
	Destination string
	Standing    signon.Standing
	// Limit is how many are returned; 0 means all.
	Limit int
}

// IssueRequest says which link is wanted.
type IssueRequest struct {
	Dialect     string // of an Issuer
	Person      Person // a customer by external reference, too
	Destination string // of one of the Issuer's offers
}

// What the controls' errors are about.
const (
	argLink        = "link"
	argDialect     = "dialect"
	argPerson      = "person"
	argDestination = "destination"
)

// maxLinkText is far longer than any link.
const maxLinkText = 16 << 10

// Links returns the links that the filter selects, those that were issued last
// first. The store keeps them for some minutes after they expire.
func (s *Sandbox) Links(ctx context.Context, f LinkFilter) (links []Link, err error) {
	err = s.with(func(c *Core) error {
		if f.Person != nil {
			p, err := known(ctx, c, *f.Person)
			if err != nil {
				return err
			}
			f.Person = &p
		}
		links, err = s.list(ctx, c, f.grants())
		return err
	})
	slices.SortStableFunc(links, func(a, b Link) int {
		return cmp.Or(b.IssuedAt.Compare(a.IssuedAt), strings.Compare(string(b.Reference), string(a.Reference)))
	})
	if f.Limit > 0 && len(links) > f.Limit {
		links = links[:f.Limit]
	}
	return links, err
}

// known returns the person by the reference that grants have: a customer may be named
// by the external reference, too. Who is not known stays as named.
func known(ctx context.Context, c *Core, p Person) (Person, error) {
	if p.Kind != signon.SubjectCustomer {
		return p, nil
	}
	customer, err := c.Directory.CustomerByRef(ctx, p.Tenant, string(p.Ref))
	switch {
	case err == nil:
		p.Ref = customer.Ref()
	case !errors.Is(err, signon.ErrNotFound):
		return p, fmt.Errorf("find customer: %w", err)
	}
	return p, nil
}

func (f *LinkFilter) grants() signon.GrantFilter {
	g := signon.GrantFilter{Tenant: f.Tenant, Destination: f.Destination, Standing: f.Standing}
	if f.Person != nil {
		g.Tenant, g.Kind, g.Subject = f.Person.Tenant, f.Person.Kind, f.Person.Ref
	}
	return g
}

func (s *Sandbox) list(ctx context.Context, c *Core, f signon.GrantFilter) (links []Link, err error) {
	err = c.SignOn.ListGrants(ctx, f, func(g *signon.Grant, standing signon.Standing) bool {
		links = append(links, s.linkOf(g, standing))
		return true
	})
	return links, err
}

func (s *Sandbox) linkOf(g *signon.Grant, standing signon.Standing) Link {
	ref := g.Key.Reference()
	return Link{
		Reference: ref, Tenant: g.Tenant, Client: g.Client, Destination: g.Destination, Kind: g.SubjectKind, Subject: g.Subject,
		Standing: standing, IssuedAt: g.IssuedAt, ExpiresAt: g.ExpiresAt, RedeemedAt: g.RedeemedAt, Target: g.Target, URL: s.issued.url(ref),
	}
}

// FindLink returns the link that the text names: a whole link, its token, a
// numbered token or its number, or a reference. Errors: CodeNotFound, CodeInvalid.
func (s *Sandbox) FindLink(ctx context.Context, text string) (link *Link, err error) {
	return s.change(ctx, text, func(*Core, *signon.Grant) error { return nil })
}

// ExpireLink has a link expire now, as if its time were over: what it gave already
// goes on. Errors as FindLink.
func (s *Sandbox) ExpireLink(ctx context.Context, text string) (*Link, error) {
	return s.change(ctx, text, func(c *Core, g *signon.Grant) error { return c.Expire(ctx, g.Key) })
}

// RevokeLink revokes a link, and ends the session that it gave, as an operator
// does. Errors as FindLink; what is over by itself stays as it is.
func (s *Sandbox) RevokeLink(ctx context.Context, text string) (*Link, error) {
	return s.change(ctx, text, func(c *Core, g *signon.Grant) error {
		_, err := c.SignOn.Revoke(ctx, signon.Selection{Tenant: g.Tenant, Reference: g.Key.Reference()}, inbound.NewSupportCode())
		return err
	})
}

// change does something to the link that the text names, and returns it as it
// stands then.
func (s *Sandbox) change(ctx context.Context, text string, do func(*Core, *signon.Grant) error) (link *Link, err error) {
	err = s.with(func(c *Core) error {
		g, err := find(ctx, c.SignOn, text)
		if err != nil {
			return err
		}
		if err := do(c, g); err != nil {
			return err
		}
		link, err = s.standing(ctx, c, g)
		return err
	})
	return link, err
}

// standing returns the grant's link as it stands now.
func (s *Sandbox) standing(ctx context.Context, c *Core, g *signon.Grant) (*Link, error) {
	links, err := s.list(ctx, c, signon.GrantFilter{Tenant: g.Tenant, Kind: g.SubjectKind, Subject: g.Subject, Since: g.IssuedAt, Until: g.IssuedAt})
	if err != nil {
		return nil, err
	}
	for i := range links {
		if links[i].Reference == g.Key.Reference() {
			return &links[i], nil
		}
	}
	return nil, noLink()
}

func noLink() error {
	return &signon.Error{Code: signon.CodeNotFound, Argument: argLink, Rule: "is not known here, or long over"}
}

// find returns the grant that the text names.
func find(ctx context.Context, signOn *signon.Service, text string) (*signon.Grant, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxLinkText {
		return nil, signon.Invalid(argLink, "must be a link, a token, a token’s number or a reference")
	}
	for _, name := range names(text) {
		g, err := signOn.GrantOf(ctx, name)
		if errors.Is(err, signon.ErrNotFound) {
			if _, _, ok := signon.Reference(name).Range(); !ok {
				continue
			}
			g, err = signOn.GrantByReference(ctx, signon.Reference(name))
		}
		switch {
		case err == nil:
			return g, nil
		case !errors.Is(err, signon.ErrNotFound):
			return nil, err
		}
	}
	return nil, noLink()
}

// names returns what a text may name a link by: itself, what its parameters say
// when it is a link, and the numbers of numbered tokens among these.
func names(text string) []string {
	all := []string{text}
	if _, query, ok := strings.Cut(text, "?"); ok {
		query, _, _ = strings.Cut(query, "#")
		for part := range strings.SplitSeq(query, "&") {
			_, value, _ := strings.Cut(part, "=")
			if plain, err := url.QueryUnescape(value); err == nil && plain != "" {
				all = append(all, plain)
			}
		}
	}
	for _, name := range all[:len(all):len(all)] {
		if number := numberOf(name); number != "" {
			all = append(all, number)
		}
	}
	return all
}

// numberOf returns the number of a numbered token; empty for what is none. Who
// signed it makes no difference to what it names.
func numberOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		ID string `json:"jti"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.ID
}

// IssueLink asks for a link as a client does, by calls of the dialect, which are
// recorded. Errors: CodeInvalid naming the argument; others say what the API
// answered.
func (s *Sandbox) IssueLink(ctx context.Context, req IssueRequest) (*Link, error) {
	// The calls come in as requests of their own: a reset must not wait for this.
	core := s.core.Load()
	p, err := known(ctx, core, req.Person)
	if err != nil {
		return nil, fmt.Errorf("issue link: %w", err)
	}
	req.Person = p
	issue, err := issuerFor(core, &req)
	if err != nil {
		return nil, err
	}
	opened, err := issue(ctx)
	if err != nil {
		return nil, fmt.Errorf("issue link: %w", err)
	}
	link, err := s.FindLink(ctx, opened)
	if err != nil {
		return nil, fmt.Errorf("issue link: find what was issued: %w", err)
	}
	s.issued.keep(link.Reference, opened)
	link.URL = opened
	return link, nil
}

// issuerFor returns what asks for the link that is wanted.
func issuerFor(core *Core, req *IssueRequest) (func(context.Context) (string, error), error) {
	var dialects []string
	for i := range core.Issuers {
		issuer := &core.Issuers[i]
		if dialects = append(dialects, issuer.Dialect); issuer.Dialect != req.Dialect {
			continue
		}
		var destinations []string
		for _, o := range issuer.Offers {
			if o.Tenant != req.Person.Tenant || o.Kind != req.Person.Kind {
				continue
			}
			if destinations = append(destinations, o.Destination); o.Destination == req.Destination {
				return func(ctx context.Context) (string, error) { return issuer.Issue(ctx, o, req.Person) }, nil
			}
		}
		if len(destinations) == 0 {
			return nil, signon.Invalid(argPerson, "must be one whom "+req.Dialect+" has links for")
		}
		return nil, signon.Invalid(argDestination, "must be one of "+strings.Join(destinations, ", ")+" for this person by "+req.Dialect)
	}
	return nil, signon.Invalid(argDialect, "must be one of "+strings.Join(dialects, ", "))
}

// maxIssued is how many links are kept that the sandbox asked for.
const maxIssued = 10_000

// issuedLinks are the latest links that the sandbox asked for.
type issuedLinks struct {
	mu    sync.Mutex
	urls  map[signon.Reference]string
	order []signon.Reference // the oldest first
}

func (i *issuedLinks) keep(ref signon.Reference, link string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.urls == nil {
		i.urls = map[signon.Reference]string{}
	}
	if len(i.order) == maxIssued {
		delete(i.urls, i.order[0])
		i.order = i.order[1:]
	}
	i.urls[ref], i.order = link, append(i.order, ref)
}

func (i *issuedLinks) url(ref signon.Reference) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.urls[ref]
}

func (i *issuedLinks) clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.urls, i.order = nil, nil
}
