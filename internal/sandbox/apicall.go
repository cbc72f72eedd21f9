package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

// CallParams are what calls are selected by. They are exported for the sake of huma.
type CallParams struct {
	Kind       string `query:"kind" enum:"call,link,page"`
	Dialect    string `query:"dialect" doc:"The name of one, or links: the same as kind=link"`
	Text       string `query:"text" doc:"Words that must all occur in the call, in any case of letters"`
	Status     string `query:"status" enum:"2xx,3xx,4xx,5xx,none" doc:"none: there was no answer"`
	Grant      string `query:"grant" doc:"The reference of a link or token"`
	Tenant     string `query:"tenant" doc:"Of one tenant; with person_kind and person: about one person"`
	PersonKind string `query:"person_kind" enum:"customer,user,member"`
	Person     string `query:"person"`
}

func (s *Sandbox) filter(r *CallParams) (f Filter, err error) {
	f = Filter{Kind: Kind(r.Kind), Dialect: r.Dialect, Text: r.Text, Status: r.Status, Grant: signon.Reference(r.Grant), Tenant: signon.TenantID(r.Tenant)}
	names := dialectNames(s.core.Load().Dialects)
	switch {
	case r.Dialect == FaultLinks && (f.Kind == "" || f.Kind == KindLink):
		f.Kind, f.Dialect = KindLink, ""
	case r.Dialect == FaultLinks:
		return f, signon.Invalid("dialect", "must not be links with another kind")
	case r.Dialect != "" && !slices.Contains(names, r.Dialect):
		return f, signon.Invalid("dialect", "must be one of "+strings.Join(names, ", "))
	}
	f.Person, err = onePerson(r.Tenant, r.PersonKind, r.Person)
	if e := signon.AsError(err); e != nil {
		err = signon.Invalid("person", "must be given with tenant and person_kind")
	}
	return f, err
}

type callsRequest struct {
	CallParams

	Before int64 `query:"before" minimum:"1" doc:"Only calls with lower IDs: the next page"`
	Limit  int   `query:"limit" default:"50" minimum:"1" maximum:"500"`
}

type callsWire struct {
	Calls []CallHead `json:"calls" doc:"The newest first"`
	More  bool       `json:"more" doc:"There are older ones"`
}

type nextRequest struct {
	CallParams

	After   int64  `query:"after" minimum:"0" doc:"The first call with a higher ID is answered: also one that ended before this request came"`
	Timeout string `query:"timeout" default:"5s" example:"5s" doc:"How long to wait, at most 60s"`
}

type streamRequest struct {
	CallParams

	LastID string `header:"Last-Event-ID" doc:"The ID of the last call that came: what ended since comes first"`
}

// addCalls adds the operations on recorded calls.
func (s *Sandbox) addCalls(api huma.API) {
	huma.Register(api, apiOperation("list-calls", http.MethodGet, "calls", "List recorded calls", http.StatusOK), s.apiCalls)
	huma.Register(api, apiOperation("clear-calls", http.MethodDelete, "calls", "Forget all recorded calls; IDs go on", http.StatusNoContent), func(context.Context, *nothing) (*nothing, error) {
		s.Clear()
		return &nothing{}, nil
	})
	huma.Register(api, apiOperation("get-call", http.MethodGet, "calls/{id}", "Show a call with its request, its answer and what was decided", http.StatusOK),
		func(_ context.Context, req *struct {
			ID int64 `path:"id"`
		},
		) (*body[*callWire], error) {
			if c, ok := s.Call(req.ID); ok {
				return &body[*callWire]{callOf(c)}, nil
			}
			return nil, huma.NewError(http.StatusNotFound, "there is no such call, or no longer")
		})
	next := apiOperation("next-call", http.MethodGet, "calls/next", "Wait for a call", http.StatusOK)
	next.Description = "Answers the first call with an ID above `after` that the filter selects, at once when there is one, or when it ends. 404 when none came in time."
	huma.Register(api, next, s.apiNext)
	stream := apiOperation("stream-calls", http.MethodGet, "calls/stream", "Stream calls as they end", http.StatusOK)
	stream.Description = "Server-sent events named `call`, with the call's ID as theirs, and the call as `get-call` answers it as their data."
	stream.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	huma.Register(api, stream, s.apiStream)
}

func (s *Sandbox) apiCalls(_ context.Context, req *callsRequest) (*body[callsWire], error) {
	f, err := s.filter(&req.CallParams)
	if err != nil {
		return nil, failure("query", err)
	}
	f.Before, f.Limit = req.Before, req.Limit
	calls, more := s.Calls(f)
	all := callsWire{Calls: []CallHead{}, More: more}
	for _, c := range calls {
		all.Calls = append(all.Calls, headOf(c))
	}
	return &body[callsWire]{all}, nil
}

// maxWait is how long a request waits for a call.
const maxWait = time.Minute

func (s *Sandbox) apiNext(ctx context.Context, req *nextRequest) (*body[*callWire], error) {
	f, err := s.filter(&req.CallParams)
	if err != nil {
		return nil, failure("query", err)
	}
	wait, err := parseDuration("timeout", req.Timeout)
	if err == nil && wait > maxWait {
		err = signon.Invalid("timeout", "must be at most 60s")
	}
	if err != nil {
		return nil, failure("query", err)
	}
	following, stop := s.follow(ctx, f, req.After)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if c := following.next(ctx); c != nil {
		return &body[*callWire]{callOf(c)}, nil
	}
	return nil, huma.NewError(http.StatusNotFound, "no such call came within "+shortDuration(wait))
}

// heartbeat is how often a stream says something when nothing happens, so that both
// ends notice when the other one is gone.
const heartbeat = 15 * time.Second

func (s *Sandbox) apiStream(_ context.Context, req *streamRequest) (*huma.StreamResponse, error) {
	f, err := s.filter(&req.CallParams)
	if err != nil {
		return nil, failure("query", err)
	}
	after := s.calls.latest()
	if req.LastID != "" {
		if after, err = strconv.ParseInt(req.LastID, 10, 64); err != nil {
			return nil, failure("header", signon.Invalid("Last-Event-ID", "must be the ID of a call"))
		}
	}
	if !s.streams.open() {
		return nil, huma.NewError(http.StatusServiceUnavailable, tooManyStreams)
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer s.streams.close()
		r, w := humago.Unwrap(c)
		following, stop := s.follow(r.Context(), f, after)
		defer stop()
		s.stream(r.Context(), w, following)
	}}, nil
}

// stream sends the calls as they come, until the client has gone or the server
// stops.
func (s *Sandbox) stream(ctx context.Context, w http.ResponseWriter, following *follower) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	flush := http.NewResponseController(w).Flush
	for text := []byte(": calls as they end\n\n"); ; {
		if _, err := w.Write(text); err != nil || flush() != nil {
			return
		}
		waiting, cancel := context.WithTimeout(ctx, heartbeat)
		c := following.next(waiting)
		cancel()
		switch {
		case ctx.Err() != nil || following.over:
			return
		case c == nil:
			text = []byte(": still here\n\n")
		default:
			data, err := s.encoded.of(c)
			if err != nil {
				s.Log.Error("a call can't be written", "error", err)
				return
			}
			text = fmt.Appendf(nil, "id: %d\nevent: call\ndata: %s\n\n", c.ID, data)
		}
	}
}
