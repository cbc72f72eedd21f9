package lob

import (
	"errors"
	"slices"
	"strings"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// number reads the number of a member.
func (c *call) number() (string, error) {
	number := c.fields.given(wMember)
	if !directory.ValidMemberNumber(number) {
		return "", invalid("V1", "Please provide valid CII number.")
	}
	return number, nil
}

// lobField reads the ID of a line of business.
func (c *call) lobField() (string, error) {
	id := c.fields.given(wLOB)
	if id == "" {
		return "", invalid("V3", "Please provide LOB Id.")
	}
	return id, nil
}

// member finds a member of the tenant.
func (c *call) member(number string) (*directory.Member, error) {
	m, err := c.Directory.Member(c.context, c.tenant.ID, number)
	if errors.Is(err, signon.ErrNotFound) {
		return nil, nobody()
	}
	return m, err
}

func nobody() error {
	return &signon.Error{Code: signon.CodeSubjectUnknown, Reason: signon.ReasonSubject, Expected: "a member of the tenant", Received: "a number that none has"}
}

// notLinked says that the member has nothing to do with where it should have.
func (c *call) notLinked(expected string) error {
	return notMapped.because(&signon.Error{Code: signon.CodeForbidden, Reason: signon.ReasonNotMember, Expected: expected, Received: "one who is not"})
}

// getMember tells a line of business about a member of its own.
func getMember(c *call) (*answer, error) {
	number, err := c.number()
	if err != nil {
		return nil, err
	}
	if len(c.client.Is) == 0 {
		return nil, c.notItself()
	}
	member, err := c.member(number)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(c.client.Is, member.Linked) {
		return nil, c.notLinked("a member linked to " + strings.Join(c.client.Is, ", "))
	}
	return says(memberInfo{
		result: c.done("Record retrieved successfully"), CustomerName: member.Name, EmailID: member.Email, MobileNo: member.Mobile,
		LinkedLOBs: c.linked(member),
	})
}

// linked returns the lines of business that the member is linked to.
func (c *call) linked(m *directory.Member) []linkedLOB {
	list := []linkedLOB{}
	for _, id := range m.Apps {
		if at, ok := c.SignOn.Registry().DestinationByID(c.tenant.ID, id); ok && at.Kind == signon.KindApp {
			list = append(list, linkedLOB{at.Settings[SettingName], id, at.Settings[SettingDescription]})
		}
	}
	return list
}

// mapLOB links a member to a line of business that the client may ask tokens for. A
// line of business can't do that by itself, or get_member would tell it of anybody.
func mapLOB(c *call) (*answer, error) {
	number, err := c.number()
	if err != nil {
		return nil, err
	}
	lob, err := c.lobField()
	if err != nil {
		return nil, err
	}
	if c.about, err = c.offered(lob); err != nil {
		return nil, err
	}
	act := directory.Act{Client: c.client.ID, Caller: c.info.Addr, SupportCode: c.info.SupportCode}
	err = c.Directory.LinkMember(c.context, c.tenant.ID, number, lob, act)
	if errors.Is(err, signon.ErrNotFound) {
		err = nobody()
	}
	if err != nil {
		return nil, err
	}
	return says(c.done("LOB mapped successfully"))
}

// logout ends the tokens and sessions of a member whom the client has something to
// do with.
func logout(c *call) (*answer, error) {
	number, err := c.number()
	if err != nil {
		return nil, err
	}
	own := slices.Concat(c.client.IssuesFor, c.client.Is)
	if len(own) == 0 {
		return nil, c.notItself()
	}
	member, err := c.member(number)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(own, member.Linked) {
		return nil, c.notLinked("a member linked to one of " + strings.Join(own, ", "))
	}
	if err := c.SignOn.VoidMember(c.context, c.client, member.Ref(), c.info.Addr, c.info.SupportCode); err != nil {
		return nil, err
	}
	return says(c.done("Logout successfully"))
}
