package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxLinks is how many links the page lists.
const maxLinks = 100

// linkView is a link and what can be done with it.
type linkView struct {
	Reference, Short, Path string
	Person                 personView
	Destination, Client    string
	Standing               page.Badge
	Issued, Used, Bound    string
	EndsLabel, Ends        string
	// Open is where it leads, if that is known and it may still be followed.
	Open                 string
	URL                  []piece
	CanExpire, CanRevoke bool
	// Back says which page its forms come from: "story", a person for theirs, or empty.
	Back string
}

var standingClass = map[signon.Standing]string{
	signon.StandingLive: "good", signon.StandingRevoked: "bad", signon.StandingVoided: "bad", signon.StandingExpired: "warn",
}

func (p *pages) linkView(n *namer, l *Link) linkView {
	g := grantOf(l.Reference)
	now := p.clock.Now()
	v := linkView{
		Reference: g.Reference, Short: g.Short, Path: g.Path, Person: n.person(l.Person()), Destination: n.destination(l.Tenant, l.Destination), Client: l.Client,
		Standing: page.Badge{Kind: standingClass[l.Standing], Text: string(l.Standing)}, Issued: at(l.IssuedAt, now),
		EndsLabel: "Expires", CanExpire: l.Standing == signon.StandingLive, CanRevoke: l.Standing == signon.StandingLive || l.Standing == signon.StandingRedeemed,
	}
	v.Ends = at(l.ExpiresAt, now)
	if !now.Before(l.ExpiresAt) {
		v.EndsLabel = "Expired"
	} else if l.Standing == signon.StandingLive {
		v.Ends = "in " + left(l.ExpiresAt.Sub(now))
	}
	if !l.RedeemedAt.IsZero() {
		v.Used = at(l.RedeemedAt, now)
	}
	if l.URL != "" {
		v.URL = pieces(l.URL, nil)
		if l.Standing == signon.StandingLive || l.Standing == signon.StandingRedeemed {
			v.Open = l.URL
		}
	}
	return v
}

// at returns an instant, with the day when that is another one than now.
func at(t, now time.Time) string {
	if t.UTC().Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.UTC().Format(time.TimeOnly)
	}
	return t.UTC().Format("2 Jan 15:04")
}

// left returns how long it is until something, in whole units.
func left(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return spell(d.Truncate(time.Second) + time.Second)
	case d < 48*time.Hour:
		return spell(d.Truncate(time.Minute))
	}
	return spell(d.Truncate(time.Hour))
}

// linksView is the page of links.
type linksView struct {
	Notices            page.Notices
	Fresh              *linkView
	Groups             []personGroup
	Chosen, ChosenName string
	Offers             []offerView
	Links              []linkView
	Count              string
	Sought             string // what was not found
	More               bool
	Script             string
}

// personGroup are the people of one tenant.
type personGroup struct {
	Label  string
	People []page.Option
}

// offerView is a destination that the chosen person can be taken to.
type offerView struct{ Value, Title, Dialect string }

func (p *pages) showLinks(w http.ResponseWriter, r *http.Request) error {
	return p.writeLinks(w, r, http.StatusOK, &linksView{Notices: told(r.URL.Query()), Chosen: r.URL.Query().Get("person")})
}

// writeLinks fills in the rest of the page, and answers with it.
func (p *pages) writeLinks(w http.ResponseWriter, r *http.Request, status int, v *linksView) error {
	ctx := r.Context()
	people, err := p.People(ctx)
	if err != nil {
		return err
	}
	links, err := p.Links(ctx, LinkFilter{})
	if err != nil {
		return err
	}
	v.Script, v.Count = p.script, count(len(links), "link")
	if v.More = len(links) > maxLinks; v.More {
		links = links[:maxLinks]
	}
	err = p.with(func(core *Core) error {
		n := newNamer(ctx, core)
		v.choose(n, people)
		for i := range links {
			v.Links = append(v.Links, p.linkView(n, &links[i]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if fresh := r.URL.Query().Get("fresh"); fresh != "" {
		if err := p.showFresh(ctx, v, fresh); err != nil {
			return err
		}
	}
	return p.write(w, r, status, "links", "Links", v)
}

// showFresh puts the link at the top that was just issued.
func (p *pages) showFresh(ctx context.Context, v *linksView, ref string) error {
	link, err := p.FindLink(ctx, ref)
	if e := signon.AsError(err); e != nil && e.Code == signon.CodeNotFound {
		return nil // it has been swept away
	}
	if err != nil {
		return err
	}
	return p.with(func(core *Core) error {
		fresh := p.linkView(newNamer(ctx, core), link)
		if link.URL != "" {
			v.Fresh = &fresh
		}
		return nil
	})
}

// choose offers the people, and what there is for the one who is chosen: the first
// customer, unless somebody else is.
func (v *linksView) choose(n *namer, people []PersonRow) {
	if !slices.ContainsFunc(people, func(p PersonRow) bool { return p.value() == v.Chosen }) && len(people) > 0 {
		first := slices.IndexFunc(people, func(p PersonRow) bool { return p.Kind == signon.SubjectCustomer })
		v.Chosen = people[max(first, 0)].value()
	}
	tenant := signon.TenantID("")
	for i := range people {
		one := &people[i]
		if one.Tenant != tenant || len(v.Groups) == 0 {
			tenant = one.Tenant
			v.Groups = append(v.Groups, personGroup{Label: n.tenant(tenant)})
		}
		group := &v.Groups[len(v.Groups)-1]
		chosen := one.value() == v.Chosen
		group.People = append(group.People, page.Option{Value: one.value(), Label: one.Name + " (" + personKinds[one.Kind] + " " + string(one.Ref) + ")", Selected: chosen})
		if chosen {
			v.ChosenName = one.Name
			v.Offers = n.offers(one.Person)
		}
	}
}

// offers returns what can be asked for for somebody.
func (n *namer) offers(p Person) (offers []offerView) {
	linked := n.linked(p)
	for i := range n.core.Issuers {
		issuer := &n.core.Issuers[i]
		for _, o := range issuer.Offers {
			if o.Tenant == p.Tenant && o.Kind == p.Kind && (!n.isApp(o) || linked(o.Destination)) {
				offers = append(offers, offerView{issuer.Dialect + "/" + o.Destination, o.Title, n.title(issuer.Dialect)})
			}
		}
	}
	return offers
}

// isApp reports whether an offer leads to an application.
func (n *namer) isApp(o Offer) bool {
	d, ok := n.core.SignOn.Registry().DestinationByID(o.Tenant, o.Destination)
	return ok && d.Kind == signon.KindApp
}

// linked returns what tells whether somebody is linked to an application.
func (n *namer) linked(p Person) func(app string) bool {
	if p.Kind == signon.SubjectMember {
		if m, err := n.core.Directory.Member(n.ctx, p.Tenant, string(p.Ref)); err == nil {
			return m.Linked
		}
	}
	return func(string) bool { return false }
}

func (p *pages) issueLink(w http.ResponseWriter, r *http.Request) error {
	v := &linksView{Chosen: r.PostFormValue("person")}
	person, ok := readPerson(v.Chosen)
	if !ok {
		return signon.ErrNotFound
	}
	dialect, destination, _ := strings.Cut(r.PostFormValue("offer"), "/")
	link, err := p.IssueLink(r.Context(), IssueRequest{Dialect: dialect, Person: person, Destination: destination})
	if err != nil {
		v.Notices.Known = []page.Notice{{Kind: "bad", Text: "No link: " + sentence(err), Alert: true}}
		return p.writeLinks(w, r, http.StatusUnprocessableEntity, v)
	}
	return seeOther(w, "/dev/links?"+url.Values{"person": {v.Chosen}, "fresh": {string(link.Reference)}}.Encode())
}

// findLink leads to the story of the link that was pasted. It is posted, so that no
// address holds a token.
func (p *pages) findLink(w http.ResponseWriter, r *http.Request) error {
	sought := r.PostFormValue("link")
	link, err := p.FindLink(r.Context(), sought)
	if e := signon.AsError(err); e != nil && (e.Code == signon.CodeNotFound || e.Code == signon.CodeInvalid) {
		v := &linksView{Sought: sought}
		v.Notices.Known = []page.Notice{{Kind: "bad", Text: "Not found: the " + sentence(err) + ".", Alert: true}}
		return p.writeLinks(w, r, http.StatusNotFound, v)
	}
	if err != nil {
		return err
	}
	return seeOther(w, grantOf(link.Reference).Path)
}

// sentence returns what an error says to whoever did it.
func sentence(err error) string {
	if e := signon.AsError(err); e != nil && e.Rule != "" {
		return strings.TrimSpace(e.Argument + " " + e.Rule)
	}
	return err.Error()
}

func (p *pages) expireLink(w http.ResponseWriter, r *http.Request) error {
	return p.endLink(w, r, "expired", p.ExpireLink)
}

func (p *pages) revokeLink(w http.ResponseWriter, r *http.Request) error {
	return p.endLink(w, r, "revoked", p.RevokeLink)
}

// endLink ends a link, and leads back to where that was asked for.
func (p *pages) endLink(w http.ResponseWriter, r *http.Request, what string, end func(context.Context, string) (*Link, error)) error {
	link, err := end(r.Context(), r.PostFormValue("link"))
	if e := signon.AsError(err); e != nil && (e.Code == signon.CodeNotFound || e.Code == signon.CodeInvalid) {
		return signon.ErrNotFound
	}
	if err != nil {
		return err
	}
	v := url.Values{"done": {what}}
	switch back := r.PostFormValue("back"); back {
	case "":
		v.Set("at", string(link.Reference))
		return seeOther(w, "/dev/links?"+v.Encode())
	case "story":
		v.Set("link", string(link.Reference))
	default:
		v.Set("person", back)
	}
	return seeOther(w, "/dev/story?"+v.Encode())
}

// doneTexts are what pages say after a form was obeyed.
var doneTexts = map[string]string{
	"expired": "The link is expired now. What it gave already goes on.",
	"revoked": "The link is revoked, and the session that it gave has ended.",
	"moved":   "The clock is moved.",
	"fault":   "The fault is there.",
	"removed": "The fault is removed.",
	"reset":   "Everything is as at the start.",
}

// told returns what to say after a form, as the address has it.
func told(v url.Values) (notices page.Notices) {
	text, ok := doneTexts[v.Get("done")]
	if !ok {
		return notices
	}
	if by, err := strconv.ParseInt(v.Get("by"), 10, 64); err == nil && by > 0 && by <= int64(maxAhead/time.Second) {
		text = "The clock is " + spell(time.Duration(by)*time.Second) + " further ahead."
	}
	notices.Known = []page.Notice{{Kind: "good", Text: text}}
	return notices
}
