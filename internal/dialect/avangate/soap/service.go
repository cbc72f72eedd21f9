package soap

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/soap"
)

// versions are those that the service is served under. It is the same in all.
var versions = []string{"3.0", "4.0", "5.0", "6.0"}

// service is what is served under one version.
type service struct {
	location string // of calls
	wsdl     *document
	encoding *document
}

// servicesAt returns the services of a server, by version.
func servicesAt(baseURL string) map[string]*service {
	d, encoding := description(), newDocument(soap.EncodingSchema)
	services := map[string]*service{}
	for _, version := range versions {
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
func (h *handler) find(u *url.URL) place {
	parts := strings.FieldsFunc(u.Path, func(r rune) bool { return r == '/' })
	if len(parts) < 2 || parts[0] != "soap" || h.services[parts[1]] == nil {
		return place{service: h.services[versions[len(versions)-1]]}
	}
	at := place{service: h.services[parts[1]]}
	switch {
	case len(parts) == 2 && asksForDescription(u.RawQuery):
		at.document, at.methods = at.service.wsdl, []string{http.MethodGet, http.MethodHead, http.MethodPost}
	case len(parts) == 2:
		at.methods = []string{http.MethodPost}
	case len(parts) == 3 && parts[2] == soap.EncodingSchemaName:
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
