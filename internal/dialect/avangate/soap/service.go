package soap

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/soap"
)

// service is what is served under one version. It is the same in all.
type service struct {
	location string // of calls
	wsdl     *document
	encoding *document
}

// servicesAt returns the services of a server, by version.
func servicesAt(baseURL string) map[string]*service {
	d, encoding := description(), newDocument(soap.EncodingSchema)
	services := map[string]*service{}
	for _, version := range avangate.Versions() {
		location := strings.TrimSuffix(baseURL, "/") + "/soap/" + version + "/"
		services[version] = &service{location: location, wsdl: newDocument(d.WSDL(location)), encoding: encoding}
	}
	return services
}

// place is what an address stands for.
type place struct {
	service  *service // that is meant, or the latest one
	document *document
	methods  []string // none: there is nothing
}

// find returns what stands at the address. Doubled slashes and one at the end
// make no difference.
func (h *Handler) find(u *url.URL) place {
	version, further, ok := avangate.CutPath(u.EscapedPath(), "soap", nil)
	if !ok {
		return place{service: h.latest}
	}
	at := place{service: h.services[version]}
	switch {
	case len(further) == 0 && asksForDescription(u.RawQuery):
		at.document, at.methods = at.service.wsdl, []string{http.MethodGet, http.MethodHead, http.MethodPost}
	case len(further) == 0:
		at.methods = []string{http.MethodPost}
	case len(further) == 1 && further[0] == soap.EncodingSchemaName:
		at.document, at.methods = at.service.encoding, []string{http.MethodGet, http.MethodHead}
	}
	return at
}

// asksForDescription reports whether a parameter of the query is wsdl, or
// singleWsdl as clients of .NET ask; any case of letters, with a value or not.
func asksForDescription(query string) bool {
	for parameter := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if strings.EqualFold(name, "wsdl") || strings.EqualFold(name, "singleWsdl") {
			return true
		}
	}
	return false
}

func (p *place) takes(method string) bool { return slices.Contains(p.methods, method) }

// refusal says what could be done instead; a header says it to programs.
func (p *place) refusal(header http.Header) *refusal {
	if p.methods == nil {
		return refused(http.StatusNotFound, "There is nothing here; "+p.service.location+"?wsdl describes what there is")
	}
	header.Set("Allow", strings.Join(p.methods, ", "))
	return refused(http.StatusMethodNotAllowed, "Calls are sent by POST; "+p.service.location+"?wsdl describes them")
}
