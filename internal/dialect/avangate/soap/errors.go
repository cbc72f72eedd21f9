package soap

import (
	"errors"
	"net/http"

	"github.com/latchkey-sso/latchkey/internal/dialect/avangate"
	"github.com/latchkey-sso/latchkey/internal/inbound"
	"github.com/latchkey-sso/latchkey/internal/soap"
)

// refusal is a fault with a status that HTTP has for it.
type refusal struct {
	status int
	fault  *soap.Fault
}

func refused(status int, message string) *refusal {
	return &refusal{status: status, fault: &soap.Fault{Code: soap.CodeClient, Message: message}}
}

// Error returns what the caller is told.
func (r *refusal) Error() string { return r.fault.Message }

// refuse answers with the fault that the error stands for. All but refusals have
// the status that SOAP 1.1 has for faults.
func (c *call) refuse(err error) {
	status := http.StatusInternalServerError
	var known *refusal
	var fault *soap.Fault
	switch {
	case errors.As(err, &known):
		status, fault = known.status, known.fault
	case errors.As(err, &fault):
		if fault.Err != nil { // what the caller is not told; it repeats nothing of the body
			c.log.Debug("soap: request is no call", "support_code", c.by.SupportCode, "error", fault.Err)
		}
	default:
		fault = c.fault(err)
	}
	c.write(status, soap.AppendFault(make([]byte, 0, usualAnswerLen), fault))
}

// fault turns an error of a call into a fault. What the caller could not have
// caused loses its text and is logged, once, here.
func (c *call) fault(err error) *soap.Fault {
	f := avangate.FaultOf(err)
	f.Log(c.log, "soap", c.method.Name, c.by.SupportCode)
	inbound.SetRetryAfter(c.writer.Header(), f.RetryAfter)
	return &soap.Fault{Code: string(f.Code), Message: f.Message(c.method.Word)}
}
