package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"
)

// Issuing is what it costs to issue a link in one dialect, alone.
type Issuing struct {
	Dialect        string  `json:"dialect"`
	LinksPerSecond float64 `json:"links_per_second"`
	CPUMicros      float64 `json:"cpu_us_per_link"`
	Latency        Latency `json:"latency"`
	// RatioToREST is its CPU time for a link over that of REST.
	RatioToREST float64 `json:"ratio_to_rest"`
}

// dialect is a way of asking for links.
type dialect struct {
	name string
	// prepare logs in, where that is needed, and returns how to ask once.
	prepare func(v *visitor) (ask func() error, err error)
}

// dialects are the ones that are measured, the one that others are compared to
// first.
var dialects = []dialect{
	{"REST", func(v *visitor) (func() error, error) { return v.issue, nil }},
	{"SOAP", soapCalls},
	{"JSON-RPC", rpcCalls},
}

// issueConnections is how many connections ask for links at once.
const issueConnections = 16

// issuing measures issuing alone, in all dialects in turn, at the first server.
func (r *run) issuing(ctx context.Context) ([]Issuing, error) {
	seen := make([]rounds, len(dialects))
	for round := range r.Rounds {
		r.say("issuing in %d dialects, round %d of %d", len(dialects), round+1, r.Rounds)
		for i := range dialects {
			m, err := r.issued(ctx, r.servers[0], &dialects[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", dialects[i].name, err)
			}
			seen[i] = append(seen[i], m)
		}
	}
	all := make([]Issuing, len(dialects))
	for i, s := range seen {
		rate := s.rate()
		all[i] = Issuing{
			Dialect: dialects[i].name, LinksPerSecond: rate.PairsPerSecond, CPUMicros: rate.CPUMicros,
			Latency: latency(s.total().whole), RatioToREST: s.ratio(seen[0]),
		}
	}
	return all, nil
}

func (r *run) issued(ctx context.Context, s *server, in *dialect) (*measured, error) {
	header := s.shop.client.header(time.Now())
	d := drive{workers: issueConnections, steps: 1, warmUp: r.WarmUp, window: r.Window, cpu: s.cpu, worker: func(i int) (cycle, func(), error) {
		v, err := s.shop.visit(i, header)
		if err != nil {
			return nil, nil, err
		}
		v.conn.expire(r.WarmUp + r.Window + answerTimeout)
		ask, err := in.prepare(v)
		if err != nil {
			v.conn.close()
			return nil, nil, err
		}
		return func(steps []time.Duration) error {
			start := time.Now()
			err := ask()
			steps[0] = time.Since(start)
			return err
		}, v.conn.close, nil
	}}
	return d.run(ctx)
}

// post sends a body and takes from the answer what stands between before and
// after.
func (v *visitor) post(path, mediaType, body, before, after string) ([]byte, error) {
	v.request = fmt.Appendf(v.request[:0], "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, v.shop.target.Host, mediaType, len(body), body)
	if err := v.conn.roundTrip(v.request, &v.answer); err != nil {
		return nil, err
	}
	_, rest, ok := bytes.Cut(v.answer.body, []byte(before))
	value, _, ended := bytes.Cut(rest, []byte(after))
	if v.answer.status != 200 || !ok || !ended {
		return nil, fmt.Errorf("got status %d, want 200 and a result: %.200s", v.answer.status, v.answer.body)
	}
	return value, nil
}

// issued keeps the token of a link that must lead to the target.
func (v *visitor) issued(link string) error {
	token, ok := strings.CutPrefix(link, v.shop.target.String()+tokenParam)
	if !ok || len(token) != tokenLen || token == v.token {
		return errors.New("the answer is not a new link to the target with a token as its last parameter")
	}
	v.token = token
	return nil
}

// soapEnvelope is what PHP's client sends with a description.
const soapEnvelope = `<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="urn:2checkout:soap:6.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body><ns1:%[1]s>%[2]s</ns1:%[1]s></SOAP-ENV:Body></SOAP-ENV:Envelope>
`

const (
	soapPath = "/soap/6.0/"
	soapType = "text/xml; charset=utf-8"
)

func soapCalls(v *visitor) (func() error, error) {
	text := func(name, value string) string {
		return "<" + name + ` xsi:type="xsd:string">` + html.EscapeString(value) + "</" + name + ">"
	}
	p := v.shop.client.prove(time.Now())
	args := text("merchantCode", p.code) + text("date", p.date) + text("hash", p.hash) + text("algo", "sha256")
	session, err := v.post(soapPath, soapType, fmt.Sprintf(soapEnvelope, "login", args), "<loginReturn>", "</loginReturn>")
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	const method = "getSingleSignOnInCart"
	first := text("sessionID", string(session)) + `<idCustomer xsi:type="xsd:string">`
	last := "</idCustomer>" + text("customerType", "AvangateCustomerReference") + text("url", v.shop.target.String()) +
		`<validityTime xsi:nil="true"/><validationIp xsi:nil="true"/>`
	return func() error {
		body := fmt.Sprintf(soapEnvelope, method, first+v.nextCustomer()+last)
		link, err := v.post(soapPath, soapType, body, "<"+method+"Return>", "</"+method+"Return>")
		if err != nil {
			return fmt.Errorf("issue a link: %w", err)
		}
		return v.issued(html.UnescapeString(string(link)))
	}, nil
}

const (
	rpcPath = "/rpc/6.0/"
	rpcType = "application/json"
)

func rpcCalls(v *visitor) (func() error, error) {
	p := v.shop.client.prove(time.Now())
	body := fmt.Sprintf(`{"jsonrpc":"2.0","method":"login","params":[%q,%q,%q,"sha256"],"id":1}`, p.code, p.date, p.hash)
	session, err := v.post(rpcPath, rpcType, body, `"result":"`, `"`)
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	first := fmt.Sprintf(`{"jsonrpc":"2.0","method":"getSingleSignOnInCart","params":[%q,"`, session)
	last := fmt.Sprintf(`","AvangateCustomerReference",%q],"id":1}`, v.shop.target.String())
	return func() error {
		link, err := v.post(rpcPath, rpcType, first+v.nextCustomer()+last, `"result":"`, `"`)
		if err != nil {
			return fmt.Errorf("issue a link: %w", err)
		}
		return v.issued(string(link))
	}, nil
}
