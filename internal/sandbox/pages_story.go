package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-sso/latchkey/internal/page"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// maxStory is how many calls a story tells of.
const maxStory = 500

// storyView is the page of a link's or a person's story.
type storyView struct {
	Title   string
	Notices page.Notices
	Link    *linkView
	Person  *aboutView
	Links   []linkView // a person's
	Entries []entryView
	More    bool
	Script  string
}

// aboutView is a person on a page of their own.
type aboutView struct{ Name, Kind, Tenant, Ref, Issue string }

// entryView is one thing that happened: a call, or an event.
type entryView struct {
	Class              string
	Datetime, Time     string
	Call               *rowView
	Text, Reason, More string
}

func (p *pages) showStory(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	f := Filter{Limit: maxStory}
	if text := v.Get("person"); text != "" {
		person, ok := readPerson(text)
		if !ok {
			return signon.ErrNotFound
		}
		f.Person = &person
	} else if f.Grant = signon.Reference(strings.ToLower(strings.TrimSpace(v.Get("link")))); f.Grant == "" {
		return signon.ErrNotFound
	} else if _, _, ok := f.Grant.Range(); !ok {
		return p.leadToStory(w, r)
	}
	story, err := p.Story(r.Context(), f)
	if err != nil {
		return err
	}
	view := &storyView{Notices: told(v), More: story.More, Script: p.script}
	err = p.with(func(core *Core) error {
		n := newNamer(r.Context(), core)
		p.tell(view, n, &f, story)
		return nil
	})
	if err != nil {
		return err
	}
	return p.write(w, r, http.StatusOK, "story", view.Title, view)
}

// leadToStory leads from a link, a token or its number to the link's story: the address
// that stays holds the reference alone.
func (p *pages) leadToStory(w http.ResponseWriter, r *http.Request) error {
	// A link that was pasted as it is has its parameters in ours.
	for _, text := range []string{r.URL.Query().Get("link"), "?" + r.URL.RawQuery} {
		link, err := p.FindLink(r.Context(), text)
		if e := signon.AsError(err); e != nil && (e.Code == signon.CodeNotFound || e.Code == signon.CodeInvalid) {
			continue
		}
		if err != nil {
			return err
		}
		return seeOther(w, grantOf(link.Reference).Path)
	}
	return signon.ErrNotFound
}

// tell fills the page with the story.
func (p *pages) tell(view *storyView, n *namer, f *Filter, story *Story) {
	for i := range story.Grants {
		g := &story.Grants[i]
		link := p.linkOf(&g.Grant, g.Standing)
		v := p.linkView(n, &link)
		v.Back = "story"
		if g.BoundAddr != "" {
			v.Bound = g.BoundAddr.String()
		}
		if f.Grant != "" {
			view.Link = &v
		} else {
			v.Back = f.Person.value()
			view.Links = append([]linkView{v}, view.Links...)
		}
	}
	if f.Grant != "" {
		view.Title = "Link " + grantOf(f.Grant).Short
	} else {
		who := n.person(*f.Person)
		view.Title = who.Name
		view.Person = &aboutView{
			who.Name, personKinds[f.Person.Kind], n.tenant(f.Person.Tenant), string(f.Person.Ref), "/dev/links?person=" + url.QueryEscape(f.Person.value()),
		}
	}
	for i := range story.Entries {
		view.Entries = append(view.Entries, n.entry(&story.Entries[i], f.Grant == ""))
	}
}

// entry returns what happened. Where several links are told of, each says which.
func (n *namer) entry(e *Entry, several bool) entryView {
	v := entryView{Class: "call", Datetime: e.At.UTC().Format(time.RFC3339Nano), Time: e.At.UTC().Format("15:04:05.000")}
	if e.Call != nil {
		row := n.row(e.Call)
		v.Call = &row
		return v
	}
	if e.Event == nil {
		return v
	}
	event := e.Event
	v.Class, v.Text, v.Reason = "event", capital(strings.ReplaceAll(strings.ReplaceAll(string(event.Type), ".", " "), "_", " ")), strings.ReplaceAll(string(event.Reason), "_", " ")
	if text, ok := eventTexts[event.Type]; ok {
		v.Text = text
	}
	switch {
	case event.Reason != "":
		v.Class = "event refused"
	case event.Type == signon.EventIssued:
		v.Class = "event issued"
	case event.Type == signon.EventRedeemed:
		v.Class = "event redeemed"
	}
	v.More = eventMore(n, event, several)
	return v
}

func eventMore(n *namer, e *AuditEvent, several bool) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, strings.TrimSpace(name+" "+value))
		}
	}
	if several && e.Grant != "" {
		add("link", grantOf(e.Grant).Short)
	}
	if e.Destination != "" {
		add("", n.destination(e.Tenant, e.Destination))
	}
	add("by", e.Client)
	add("from", e.Caller)
	if e.About != nil {
		add("browser at", e.About.Addr)
	}
	add("", e.Note)
	add("support code", e.SupportCode)
	return strings.Join(parts, " · ")
}

var eventTexts = map[signon.EventType]string{
	signon.EventIssued: "Issued", signon.EventIssueRefused: "Issuing refused", signon.EventRedeemed: "Redeemed: signed in",
	signon.EventReplayed: "Followed again by the same browser", signon.EventRedeemRefused: "Refused", signon.EventResolved: "Read by its application",
	signon.EventResolveRefused: "Reading refused", signon.EventRevoked: "Revoked", signon.EventSessionEnded: "Signed out",
	signon.EventSignedOutEverywhere: "Signed out everywhere", signon.EventClientRefused: "Client refused",
}
