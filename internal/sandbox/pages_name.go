package sandbox

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// namer tells what people and things are called, for one answer. Each person is
// looked up once.
type namer struct {
	ctx    context.Context //nolint:containedctx // it lives as long as the request
	core   *Core
	people map[Person]string
}

func newNamer(ctx context.Context, core *Core) *namer {
	return &namer{ctx: ctx, core: core, people: map[Person]string{}}
}

// person returns somebody's name, or the reference of who has none here.
func (n *namer) person(p Person) personView {
	name, ok := n.people[p]
	if !ok {
		name = n.look(p)
		n.people[p] = name
	}
	return personView{name, "/dev/story?person=" + url.QueryEscape(p.value())}
}

func (n *namer) look(p Person) string {
	if name, _ := n.core.contact(n.ctx, p); name != "" {
		return name
	}
	return string(p.Ref)
}

// contact returns somebody's name and e-mail address, as far as they are known.
func (c *Core) contact(ctx context.Context, p Person) (name, email string) {
	switch p.Kind {
	case signon.SubjectCustomer:
		id, err := strconv.ParseInt(string(p.Ref), 10, 64)
		if err != nil {
			return "", ""
		}
		if one, err := c.Directory.CustomerByID(ctx, p.Tenant, id); err == nil {
			name, email = one.Billing.FirstName+" "+one.Billing.LastName, one.Billing.Email
		}
	case signon.SubjectUser:
		if one, err := c.Directory.UserByRef(ctx, p.Tenant, string(p.Ref)); err == nil {
			name, email = one.FirstName+" "+one.LastName, one.Email
		}
	case signon.SubjectMember:
		if one, err := c.Directory.Member(ctx, p.Tenant, string(p.Ref)); err == nil {
			name, email = one.Name, one.Email
		}
	}
	return strings.TrimSpace(name), email
}

// dialect returns what a call came by.
func (n *namer) dialect(c *Call) string {
	switch c.Kind {
	case KindLink:
		return "Link"
	case KindPage:
		return "Page"
	}
	return n.title(c.Dialect)
}

// title returns what people call the dialect with that name.
func (n *namer) title(name string) string {
	for _, d := range n.core.Dialects {
		if d.Name == name {
			return d.Title
		}
	}
	return name
}

// tenant returns what a tenant calls itself.
func (n *namer) tenant(id signon.TenantID) string {
	if t, ok := n.core.SignOn.Registry().Tenant(id); ok && t.Name != "" {
		return t.Name
	}
	return string(id)
}

var destinationKinds = map[signon.DestinationKind]string{
	signon.KindCart: "Cart", signon.KindAccount: "Account", signon.KindPortal: "Portal", signon.KindEntrance: "Cart or account",
}

// destination returns where a link leads.
func (n *namer) destination(tenant signon.TenantID, id string) string {
	t, ok := n.core.SignOn.Registry().Tenant(tenant)
	if !ok {
		return id
	}
	for i := range t.Destinations {
		if d := &t.Destinations[i]; d.ID == id {
			if title, ok := destinationKinds[d.Kind]; ok {
				return title
			}
			return "Application " + d.ID
		}
	}
	return id
}

var personKinds = map[signon.SubjectKind]string{
	signon.SubjectCustomer: "customer", signon.SubjectUser: "user", signon.SubjectMember: "member",
}

// value returns the person as addresses and forms name them; readPerson reads it.
func (p Person) value() string { return string(p.Tenant) + "/" + string(p.Kind) + "/" + string(p.Ref) }

// readPerson reads TENANT/KIND/REFERENCE.
func readPerson(text string) (Person, bool) {
	parts := strings.SplitN(text, "/", 3)
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" {
		return Person{}, false
	}
	p := Person{signon.TenantID(parts[0]), signon.SubjectKind(parts[1]), signon.SubjectRef(parts[2])}
	_, known := personKinds[p.Kind]
	return p, known
}
