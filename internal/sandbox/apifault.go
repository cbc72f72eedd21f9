package sandbox

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

type faultRequest struct {
	Body struct {
		Dialect  string `json:"dialect,omitempty" doc:"Whose calls fail, or links; empty for all"`
		Contains string `json:"contains,omitempty" doc:"What must be in the call's operation or path, in any case of letters; without it, descriptions as a WSDL are not counted"`
		Kind     string `json:"kind" enum:"status,hang,cut,error" doc:"A status with a plain text, no answer for a while, a connection that is cut, or an error as the vendor documents it"`
		Status   int    `json:"status,omitempty" doc:"Of kind status: 500 to 599; 503 when not given"`
		Hang     string `json:"hang,omitempty" example:"30s" doc:"Of kind hang: up to 10m; 30s when not given"`
		Error    string `json:"error,omitempty" doc:"Of kind error: one of the dialect's"`
		After    bool   `json:"after,omitempty" doc:"The call is done first, and what is lost is its answer"`
		Every    int    `json:"every,omitempty" doc:"Each 1st, 2nd, 3rd … of the calls fails; each when not given"`
		Times    int    `json:"times,omitempty" doc:"How many calls fail; no bound when not given, or 0. So 1 is the next one alone"`
	}
}

type faultsWire struct {
	Faults []*faultWire `json:"faults"`
}

type dialectsWire struct {
	Dialects []dialectWire `json:"dialects"`
}

// addFaults adds the operations on faults.
func (s *Sandbox) addFaults(api huma.API) {
	huma.Register(api, apiOperation("list-faults", http.MethodGet, "faults", "List the rules by which calls fail", http.StatusOK), simply(s.apiFaults))
	huma.Register(api, apiOperation("add-fault", http.MethodPost, "faults", "Have calls fail", http.StatusCreated), s.apiAddFault)
	huma.Register(api, apiOperation("clear-faults", http.MethodDelete, "faults", "Have no call fail", http.StatusNoContent), func(context.Context, *nothing) (*nothing, error) {
		s.ClearFaults()
		return &nothing{}, nil
	})
	huma.Register(api, apiOperation("remove-fault", http.MethodDelete, "faults/{id}", "Remove a rule", http.StatusNoContent),
		func(_ context.Context, req *struct {
			ID int64 `path:"id"`
		},
		) (*nothing, error) {
			if !s.RemoveFault(req.ID) {
				return nil, huma.NewError(http.StatusNotFound, "there is no such fault")
			}
			return &nothing{}, nil
		})
	huma.Register(api, apiOperation("list-dialects", http.MethodGet, "dialects", "List the APIs, and which errors a fault can answer", http.StatusOK), simply(s.apiDialects))
}

func (s *Sandbox) apiFaults(context.Context) (faultsWire, error) {
	all := faultsWire{Faults: []*faultWire{}}
	for _, f := range s.Faults() {
		all.Faults = append(all.Faults, faultOf(&f))
	}
	return all, nil
}

func (s *Sandbox) apiAddFault(_ context.Context, req *faultRequest) (*body[*faultWire], error) {
	b := &req.Body
	if err := belongs(b.Kind, b.Status, b.Hang, b.Error); err != nil {
		return nil, failure("body", err)
	}
	hang, err := parseDuration("hang", b.Hang)
	if err != nil {
		return nil, failure("body", err)
	}
	f, err := s.AddFault(Fault{
		Dialect: b.Dialect, Contains: b.Contains, Kind: FaultKind(b.Kind), Status: b.Status, Hang: hang, Error: b.Error,
		After: b.After, Every: b.Every, Times: b.Times,
	})
	return answer(faultOf(&f), "body", err)
}

// belongs returns an error for what is said although the fault's kind has no use for
// it.
func belongs(kind string, status int, hang, code string) error {
	for _, one := range []struct {
		argument string
		said     bool
		of       FaultKind
	}{{"status", status != 0, FaultStatus}, {"hang", hang != "", FaultHang}, {"error", code != "", FaultError}} {
		if one.said && FaultKind(kind) != one.of {
			return signon.Invalid(one.argument, "must not be given with kind "+kind+": it belongs to kind "+string(one.of))
		}
	}
	return nil
}

func (s *Sandbox) apiDialects(context.Context) (dialectsWire, error) {
	all := dialectsWire{Dialects: []dialectWire{}}
	for _, d := range s.core.Load().Dialects {
		all.Dialects = append(all.Dialects, dialectWire{d.Name, d.Title, d.Paths, ErrorsOf(d.Name)})
	}
	return all, nil
}
