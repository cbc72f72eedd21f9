package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/signon"
	"github.com/latchkey-sso/latchkey/internal/store/archive"
)

// Options are what the handler works with. All but Standalone are required.
type Options struct {
	// Directory must be the one that everybody else in the process uses: it
	// remembers customers.
	Directory *directory.Service
	// Store is the core's side of the directory's store.
	Store signon.Store
	// Archive is the same store, to be backed up.
	Archive archive.Source
	// SignOn answers for grants and decisions, over the same store.
	SignOn *signon.Service
	// Standalone: no server runs, so nothing is known but what is stored.
	Standalone bool
	// Keys verify the audit log.
	Keys *signon.Keyring
	// Log receives what was asked for, and what went wrong.
	Log *slog.Logger
}

// handler answers operators.
type handler struct{ Options }

// New returns the handler. Whoever reaches it may do everything. Its answers may
// take long and are sent while it works: the server around it must set no
// timeouts for reading and writing.
func New(o Options) http.Handler {
	h := &handler{o}
	mux := http.NewServeMux()
	mux.Handle("POST /import/{kind}", h.wrap(h.importFile))
	mux.Handle("GET /export/{kind}", h.wrap(h.exportFile))
	mux.Handle("GET /backup", h.wrap(h.backup))
	mux.Handle("GET /audit/verify", h.wrap(h.verifyAudit))
	mux.Handle("GET /audit/events", h.wrap(h.listEvents))
	mux.Handle("GET /status", h.wrap(h.status))
	mux.Handle("GET /explain/{code}", h.wrap(h.explain))
	mux.Handle("GET /grants", h.wrap(h.listGrants))
	mux.Handle("POST /revoke", h.wrap(h.revoke))
	mux.Handle("GET /keys", h.wrap(h.listKeys))
	mux.Handle("POST /keys/rotate", h.wrap(h.rotateKey))
	mux.Handle("GET /keys/export", h.wrap(h.exportKeys))
	mux.Handle("GET /destinations/check", h.wrap(h.checkURL))
	return mux
}

// request is a request with what all of them have.
type request struct {
	*http.Request
	supportCode string
}

// param returns a parameter of the address; the body may be a file.
func (r request) param(name string) string { return r.URL.Query().Get(name) }

// mistake is an error that is the operator's: what was asked for can't be done.
type mistake struct {
	status int
	text   string
}

func (m *mistake) Error() string { return m.text }

func notFound(format string, args ...any) error {
	return &mistake{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func badRequest(err error) error { return &mistake{http.StatusBadRequest, err.Error()} }

// wrap gives every request a support code, and answers with the error of those
// that failed before they answered anything.
func (h *handler) wrap(serve func(http.ResponseWriter, request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := request{r, inbound.NewSupportCode()}
		w.Header().Set(inbound.Header, req.supportCode)
		w.Header().Set("Cache-Control", "no-store")
		err := serve(w, req)
		if err == nil {
			return
		}
		status := http.StatusInternalServerError
		var m *mistake
		if errors.As(err, &m) {
			status = m.status
		} else {
			h.Log.Error("operator: request failed", "path", r.URL.Path, "support_code", req.supportCode, "error", err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(Message{Error: err.Error()})
	})
}

// tenant returns the tenant that is asked about: the one named, or the only one
// there is.
func (h *handler) tenant(ctx context.Context, r request) (signon.TenantID, error) {
	t, err := h.declaredTenant(ctx, r)
	if err != nil {
		return "", err
	}
	return t.ID, nil
}

// declaredTenant is tenant with all that is declared of it.
func (h *handler) declaredTenant(ctx context.Context, r request) (*signon.Tenant, error) {
	declared, err := h.Store.Tenants(ctx)
	if err != nil {
		return nil, fmt.Errorf("read tenants: %w", err)
	}
	name := r.param("tenant")
	if name == "" && len(declared) == 1 {
		return &declared[0], nil
	}
	ids := make([]string, len(declared))
	for i := range declared {
		if ids[i] = string(declared[i].ID); ids[i] == name {
			return &declared[i], nil
		}
	}
	switch {
	case len(ids) == 0:
		return nil, notFound("no tenant is declared yet: a server takes over its configuration's when it starts")
	case name == "":
		return nil, &mistake{http.StatusBadRequest, "which tenant? declared are " + strings.Join(ids, ", ")}
	}
	return nil, notFound("tenant %q is not declared; declared are %s", name, strings.Join(ids, ", "))
}

// person returns the tenant's customer, user or member who is asked about, or
// nobody.
func (h *handler) person(r request, tenant signon.TenantID) (kind signon.SubjectKind, ref signon.SubjectRef, err error) {
	customer, user, member := r.param("customer"), r.param("user"), r.param("member")
	switch {
	case customer != "" && user+member != "" || user != "" && member != "":
		err = badRequest(errors.New("name a customer, a user or a member: one of them"))
	case member != "":
		kind = signon.SubjectMember
		ref, err = h.member(r.Context(), tenant, member)
	case customer != "":
		kind = signon.SubjectCustomer
		ref, err = h.customer(r.Context(), tenant, customer)
	case user != "":
		kind = signon.SubjectUser
		ref, err = h.user(r.Context(), tenant, user)
	}
	return kind, ref, err
}

// user returns the tenant's user with that ID, or else with that username.
func (h *handler) user(ctx context.Context, tenant signon.TenantID, name string) (signon.SubjectRef, error) {
	for _, find := range []func(context.Context, signon.TenantID, string) (*directory.User, error){h.Directory.UserByRef, h.Directory.UserByUsername} {
		u, err := find(ctx, tenant, name)
		if err == nil {
			return u.Ref(), nil
		}
		if !errors.Is(err, signon.ErrNotFound) {
			return "", fmt.Errorf("read user: %w", err)
		}
	}
	return "", notFound("tenant %s has no user %q", tenant, name)
}

// member returns the tenant's member with that number.
func (h *handler) member(ctx context.Context, tenant signon.TenantID, number string) (signon.SubjectRef, error) {
	m, err := h.Directory.Member(ctx, tenant, number)
	if errors.Is(err, signon.ErrNotFound) {
		return "", notFound("tenant %s has no member %q", tenant, number)
	}
	if err != nil {
		return "", fmt.Errorf("read member: %w", err)
	}
	return m.Ref(), nil
}

// customer returns the tenant's customer who is asked about, by internal or
// external reference.
func (h *handler) customer(ctx context.Context, tenant signon.TenantID, reference string) (signon.SubjectRef, error) {
	c, err := h.Directory.CustomerByRef(ctx, tenant, reference)
	if errors.Is(err, signon.ErrNotFound) {
		return "", notFound("tenant %s has no customer %q", tenant, reference)
	}
	if err != nil {
		return "", fmt.Errorf("read customer: %w", err)
	}
	return c.Ref(), nil
}

// answer sends one JSON document.
func answer(w http.ResponseWriter, document any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(document)
}

// flag reads a parameter that is true, false or absent.
func flag(r request, name string) (bool, error) {
	text := r.param(name)
	if text == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, badRequest(fmt.Errorf("%s must be true or false", name))
	}
	return on, nil
}

// number reads a parameter that is a whole number from 0 on, or absent.
func number(r request, name string) (int64, error) {
	text := r.param(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest(fmt.Errorf("%s must be a whole number from 0 on", name))
	}
	return n, nil
}

// messages sends messages as they come.
type messages struct {
	enc  *json.Encoder
	ctl  *http.ResponseController
	fail error // of the first one that could not be sent
}

func newMessages(w http.ResponseWriter) *messages {
	w.Header().Set("Content-Type", "application/jsonl")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &messages{enc: enc, ctl: http.NewResponseController(w)}
}

func (m *messages) send(message any) {
	if m.fail == nil {
		m.fail = errors.Join(m.enc.Encode(message), m.ctl.Flush())
	}
}
