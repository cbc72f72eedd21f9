package sandbox

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/latchkey-sso/latchkey/internal/signon"
)

type clockRequest struct {
	Body struct {
		Advance string    `json:"advance,omitempty" example:"25m" doc:"By how much, as in 90s, 2h30m or 7d; or else say to"`
		To      time.Time `json:"to,omitempty" doc:"An instant that is later than now"`
	}
}

type peopleWire struct {
	People []personRowWire `json:"people"`
}

// addControls adds the operations on everything at once.
func (s *Sandbox) addControls(api huma.API) {
	huma.Register(api, apiOperation("get-clock", http.MethodGet, "clock", "Tell the time", http.StatusOK), simply(func(context.Context) (clockWire, error) {
		return s.clockWire(), nil
	}))
	huma.Register(api, apiOperation("advance-clock", http.MethodPost, "clock", "Move the clock ahead; only a reset moves it back", http.StatusOK), s.apiAdvance)
	huma.Register(api, apiOperation("list-people", http.MethodGet, "people", "List whom links can be issued for, at most 500", http.StatusOK), simply(s.apiPeople))
	huma.Register(api, apiOperation("reset", http.MethodPost, "reset",
		"Begin anew: seeded data, no calls, no faults, the clock set back, and everything that hangs let go", http.StatusNoContent),
		func(ctx context.Context, _ *nothing) (*nothing, error) {
			if err := s.Reset(ctx); err != nil {
				return nil, huma.NewError(http.StatusInternalServerError, err.Error())
			}
			return &nothing{}, nil
		})
}

func (s *Sandbox) clockWire() clockWire {
	c := s.ClockState()
	return clockWire{Now: c.Now, Machine: c.Machine, Ahead: shortDuration(c.Ahead.Round(time.Millisecond))}
}

func (s *Sandbox) apiAdvance(_ context.Context, req *clockRequest) (*body[clockWire], error) {
	err := s.advance(req.Body.Advance, req.Body.To)
	return answer(s.clockWire(), "body", err)
}

// advance moves the clock by a duration or to an instant: one of the two.
func (s *Sandbox) advance(text string, to time.Time) error {
	if (text == "") == to.IsZero() {
		return signon.Invalid("advance", "must be given, or to, and not both of them")
	}
	if text == "" {
		return s.AdvanceClockTo(to)
	}
	by, err := parseDuration("advance", text)
	if err != nil {
		return err
	}
	err = s.AdvanceClock(by)
	if e := signon.AsError(err); e != nil {
		return signon.Invalid("advance", e.Rule)
	}
	return err
}

func (s *Sandbox) apiPeople(ctx context.Context) (peopleWire, error) {
	all := peopleWire{People: []personRowWire{}}
	rows, err := s.People(ctx)
	for i := range rows {
		p := personOf(rows[i].Person)
		all.People = append(all.People, personRowWire{p.Tenant, p.Kind, p.Ref, rows[i].Name, rows[i].Email, rows[i].ExternalRef})
	}
	return all, err
}
