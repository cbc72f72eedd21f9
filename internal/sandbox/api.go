package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/strictjson"
)

// apiPath is below which the API is.
const apiPath = "/dev/api/"

// Bounds of the API's requests.
const (
	maxAPIBody  = 64 << 10
	maxAPIDepth = 8
)

const aboutAPI = `For test suites: what the sandbox's pages show and do. It is there in ` + "`latchkey dev`" + ` only, needs no
credentials, and answers at this machine alone. Durations are written as in "90s", "2h30m" or "7d".`

// apiHandler returns what answers below /dev/api/.
func (s *Sandbox) apiHandler() http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, apiConfig())
	s.addCalls(api)
	s.addLinks(api)
	s.addControls(api)
	s.addFaults(api)
	noNulls(api.OpenAPI())
	addDocument(mux, api.OpenAPI())
	mux.HandleFunc(apiPath, func(w http.ResponseWriter, r *http.Request) { missing(mux, w, r) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sameOriginOnly(w.Header())
		if status, err := s.refusesAPI(r); err != nil {
			problem(w, status, err.Error())
			return
		}
		inbound.SetSecret(w.Header())
		w.Header().Set("X-Content-Type-Options", "nosniff")
		s.unhurried(w)
		mux.ServeHTTP(w, r)
	})
}

// sameOriginOnly says that no page of another origin may have the answer in any way.
func sameOriginOnly(h http.Header) { h.Set("Cross-Origin-Resource-Policy", "same-origin") }

// refusesAPI returns why a request is not looked at, or nil.
func (s *Sandbox) refusesAPI(r *http.Request) (status int, err error) {
	if err := s.admits(r); err != nil {
		return http.StatusForbidden, err
	}
	if r.ContentLength == 0 {
		return 0, nil
	}
	// A page elsewhere can send some other types without asking.
	if name, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || name != "application/json" {
		return http.StatusUnsupportedMediaType, errors.New("the body must be application/json")
	}
	return 0, nil
}

// unhurried lifts the server's deadlines: they are for sign-on, and would cut off
// who waits for a call, or for a link while calls are made to hang.
func (s *Sandbox) unhurried(w http.ResponseWriter) {
	connection := http.NewResponseController(w)
	for _, lift := range []func(time.Time) error{connection.SetReadDeadline, connection.SetWriteDeadline} {
		if err := lift(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			s.Log.Warn("a request of the sandbox's has to do with the usual time", "error", err)
		}
	}
}

func apiConfig() huma.Config {
	config := huma.DefaultConfig("Latchkey sandbox", "1")
	config.Info.Description = aboutAPI
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "Wire")
	})
	config.CreateHooks = nil // links to schemas in every answer
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.RejectUnknownQueryParameters = true
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: decodeStrictly}
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	return config
}

// decodeStrictly is json.Unmarshal for what says everything once, and by its name:
// encoding/json takes "Every" for "every". All names are in lower case.
func decodeStrictly(data []byte, v any) error {
	if err := strictjson.Check(data, maxAPIDepth); err != nil {
		return fmt.Errorf("the body %w", err)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) == nil { // it is an object
		for name := range members {
			if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return fmt.Errorf("the body has the name %q, but all names are in lower case", name)
			}
		}
	}
	return json.Unmarshal(data, v)
}

// apiOperation describes one, that answers with that status when all is well.
func apiOperation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: apiPath + path, Summary: summary, DefaultStatus: status,
		MaxBodyBytes: maxAPIBody, BodyReadTimeout: -1, Tags: []string{strings.SplitN(path, "/", 2)[0]},
	}
}

// noNulls says that lists are lists, also when they are empty.
func noNulls(document *huma.OpenAPI) {
	for _, schema := range document.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			if property.Type == huma.TypeArray {
				property.Nullable = false
			}
		}
	}
}

// addDocument serves the API's description.
func addDocument(mux *http.ServeMux, document *huma.OpenAPI) {
	forms := map[string]func() ([]byte, error){"json": document.MarshalJSON, "yaml": document.YAML}
	for name, form := range forms {
		text := sync.OnceValues(form)
		mux.HandleFunc("GET "+apiPath+"openapi."+name, func(w http.ResponseWriter, r *http.Request) {
			body, err := text()
			if err != nil {
				problem(w, http.StatusInternalServerError, err.Error())
				return
			}
			w.Header().Set("Content-Type", "application/openapi+"+name)
			inbound.Send(w, r, http.StatusOK, body)
		})
	}
}

// missing answers what no operation does.
func missing(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := mux.Handler(&other); pattern != apiPath {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem(w, http.StatusMethodNotAllowed, "only "+strings.Join(allowed, ", ")+" can be used here")
		return
	}
	problem(w, http.StatusNotFound, "there is nothing here; "+apiPath+"openapi.yaml describes what there is")
}

// problem answers with an error, as RFC 9457 has it.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(&huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}

// statuses are the statuses of errors of the core; all others are 502: what was
// asked for failed elsewhere.
var statuses = map[signon.Code]int{
	signon.CodeInvalid: http.StatusUnprocessableEntity, signon.CodeNotFound: http.StatusNotFound, signon.CodeLimit: http.StatusConflict,
	signon.CodeUnavailable: http.StatusServiceUnavailable,
}

// failure returns an error as the API answers it. where is in which part of the
// request an argument is.
func failure(where string, err error) error {
	if err == nil {
		return nil
	}
	var e *signon.Error
	if !errors.As(err, &e) {
		return huma.NewError(http.StatusBadGateway, err.Error())
	}
	status, ok := statuses[e.Code]
	if !ok {
		return huma.NewError(http.StatusBadGateway, err.Error())
	}
	detail := strings.TrimSpace(e.Argument + " " + e.Rule)
	if detail == "" {
		detail = err.Error()
	}
	if e.Code != signon.CodeInvalid {
		return huma.NewError(status, detail)
	}
	return huma.NewError(status, detail, &huma.ErrorDetail{Message: e.Rule, Location: where + "." + e.Argument})
}

// body is an answer with a body.
type body[T any] struct{ Body T }

// answer returns an answer, or the error as the API answers it.
func answer[T any](value T, where string, err error) (*body[T], error) {
	if err != nil {
		return nil, failure(where, err)
	}
	return &body[T]{value}, nil
}

// nothing are a request and an answer that say nothing.
type nothing struct{}

// simply returns an operation that needs to be told nothing.
func simply[T any](do func(context.Context) (T, error)) func(context.Context, *nothing) (*body[T], error) {
	return func(ctx context.Context, _ *nothing) (*body[T], error) {
		value, err := do(ctx)
		return answer(value, "", err)
	}
}
