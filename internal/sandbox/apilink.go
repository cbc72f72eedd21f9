package sandbox

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

type issueRequest struct {
	Body struct {
		Dialect     string `json:"dialect" doc:"By whose calls"`
		Tenant      string `json:"tenant"`
		Kind        string `json:"kind" enum:"customer,user,member"`
		Ref         string `json:"ref" doc:"Whom the link is for; a customer's external reference does, too"`
		Destination string `json:"destination" doc:"Its ID, as offers have it"`
	}
}

type linkRequest struct {
	Body struct {
		Link string `json:"link" doc:"A whole link, its token, a TokenNo, a TokenRefNo or a reference"`
	}
}

type linksRequest struct {
	Tenant      string `query:"tenant"`
	Kind        string `query:"kind" enum:"customer,user,member" doc:"With tenant and ref: of one person"`
	Ref         string `query:"ref"`
	Destination string `query:"destination"`
	Standing    string `query:"standing" enum:"live,redeemed,revoked,voided,expired"`
	Limit       int    `query:"limit" default:"200" minimum:"1" maximum:"1000"`
}

type linksWire struct {
	Links []*linkWire `json:"links" doc:"Those that were issued last first"`
}

type offersWire struct {
	Offers []offerWire `json:"offers"`
}

// addLinks adds the operations on links.
func (s *Sandbox) addLinks(api huma.API) {
	huma.Register(api, apiOperation("list-offers", http.MethodGet, "offers", "List what links can be issued to, by which dialect", http.StatusOK), simply(s.apiOffers))
	huma.Register(api, apiOperation("issue-link", http.MethodPost, "links", "Issue a link, by the calls that a client makes", http.StatusCreated), s.apiIssue)
	huma.Register(api, apiOperation("list-links", http.MethodGet, "links", "List links", http.StatusOK), s.apiLinks)
	huma.Register(api, apiOperation("find-link", http.MethodGet, "links/find", "Find a link", http.StatusOK), func(ctx context.Context, req *struct {
		Link string `query:"link" required:"true" doc:"A whole link, its token, a TokenNo, a TokenRefNo or a reference"`
	},
	) (*body[*linkWire], error) {
		return answerLink("query")(s.FindLink(ctx, req.Link))
	})
	huma.Register(api, apiOperation("expire-link", http.MethodPost, "links/expire", "Have a link expire now", http.StatusOK), s.apiLink(s.ExpireLink))
	huma.Register(api, apiOperation("revoke-link", http.MethodPost, "links/revoke", "Revoke a link, and end the session that it gave", http.StatusOK), s.apiLink(s.RevokeLink))
}

func (s *Sandbox) apiLink(do func(context.Context, string) (*Link, error)) func(context.Context, *linkRequest) (*body[*linkWire], error) {
	return func(ctx context.Context, req *linkRequest) (*body[*linkWire], error) {
		return answerLink("body")(do(ctx, req.Body.Link))
	}
}

func answerLink(where string) func(*Link, error) (*body[*linkWire], error) {
	return func(l *Link, err error) (*body[*linkWire], error) {
		if err != nil {
			return nil, failure(where, err)
		}
		return &body[*linkWire]{linkOf(l)}, nil
	}
}

func (s *Sandbox) apiIssue(ctx context.Context, req *issueRequest) (*body[*linkWire], error) {
	b := &req.Body
	p := personWire{b.Tenant, b.Kind, b.Ref}
	return answerLink("body")(s.IssueLink(ctx, IssueRequest{Dialect: b.Dialect, Person: p.person(), Destination: b.Destination}))
}

func (s *Sandbox) apiLinks(ctx context.Context, req *linksRequest) (*body[linksWire], error) {
	f := LinkFilter{Tenant: signon.TenantID(req.Tenant), Destination: req.Destination, Standing: signon.Standing(req.Standing), Limit: req.Limit}
	var err error
	if f.Person, err = onePerson(req.Tenant, req.Kind, req.Ref); err != nil {
		return nil, failure("query", err)
	}
	links, err := s.Links(ctx, f)
	all := linksWire{Links: []*linkWire{}}
	for i := range links {
		all.Links = append(all.Links, linkOf(&links[i]))
	}
	return answer(all, "query", err)
}

// onePerson returns the person that three parameters name; nil when they name none.
func onePerson(tenant, kind, ref string) (*Person, error) {
	if kind == "" && ref == "" {
		return nil, nil //nolint:nilnil // nobody is named
	}
	if tenant == "" || kind == "" || ref == "" {
		return nil, signon.Invalid("ref", "must be given with tenant and kind")
	}
	p := (&personWire{tenant, kind, ref}).person()
	return &p, nil
}

func (s *Sandbox) apiOffers(context.Context) (offersWire, error) {
	all := offersWire{Offers: []offerWire{}}
	for _, i := range s.core.Load().Issuers {
		for _, o := range i.Offers {
			all.Offers = append(all.Offers, offerWire{i.Dialect, string(o.Tenant), o.Destination, o.Title, string(o.Kind)})
		}
	}
	return all, nil
}
