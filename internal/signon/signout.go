package signon

import (
	"context"
	"fmt"
)

// SignOut ends the session that the browser's token proves. Signing out of a
// session that is over is no error.
func (s *Service) SignOut(ctx context.Context, tenant TenantID, dest *Destination, token SessionToken, supportCode string) error {
	session, err := s.proved(ctx, tenant, dest, token)
	if err != nil {
		if AsError(err).Code == CodeSessionInvalid {
			return nil
		}
		return err
	}
	if !session.live(s.store.Now(), s.store.Epoch()) {
		return nil
	}
	_, err = s.store.EndSession(ctx, session.Key, &Event{
		Type: EventSessionEnded, Tenant: tenant, Client: session.Client, Destination: session.Destination,
		Grant: session.Key.Reference(), SupportCode: supportCode, Activity: session.activity(),
	})
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// SignOutEverywhere ends every session of the person whose live session it is, in
// all browsers and at all destinations of the tenant, and makes void the links that
// were issued to that person and are not used yet. Links that are issued from then
// on work. Its cost does not grow with how much there is to end. CodeUnavailable
// when the outcome is not known: the caller repeats it, or finds the session ended.
func (s *Service) SignOutEverywhere(ctx context.Context, session *BrowserSession, supportCode string) error {
	subject, err := s.subject(ctx, session.Tenant, session.SubjectKind, session.Subject)
	if err != nil {
		return fmt.Errorf("sign out everywhere: %w", err)
	}
	err = s.people.SignOut(ctx, session.Tenant, session.SubjectKind, session.Subject, &Event{
		Type: EventSignedOutEverywhere, Tenant: session.Tenant, Client: session.Client, Destination: session.Destination,
		Grant: session.Key.Reference(), SupportCode: supportCode, Activity: session.activity(),
		Personal: SealPersonal(subject.PrivacyKey, Personal{Subject: session.Subject}),
	})
	if err != nil {
		return fmt.Errorf("sign out everywhere: %w", err)
	}
	s.live.forget(session.Tenant, session.person())
	return nil
}
