package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-sso/latchkey/internal/directory"
	"github.com/latchkey-sso/latchkey/internal/signon"
)

// member returns a member with every field set that its creator sets.
func member(number string) *directory.Member {
	at := NewClock().Now()
	return &directory.Member{
		Tenant: shop, Number: number, Name: "Ada Lovelace", Email: "ada@example.com", Mobile: "+44 20 7946 0000", Apps: []string{"01", "03"},
		PrivacyKey: signon.PrivacyKey{6, 7}, CreatedAt: at, ChangedAt: at.Add(time.Millisecond), Version: 1,
	}
}

// bareMember returns a member with nothing but what none can be without.
func bareMember(number string) *directory.Member {
	at := NewClock().Now()
	return &directory.Member{Tenant: shop, Number: number, PrivacyKey: signon.PrivacyKey{1}, CreatedAt: at, ChangedAt: at, Version: 1}
}

// freshMember is fresh for a member.
func freshMember(m *directory.Member) *directory.Member {
	m.Version = 0
	return m
}

// foreignMember returns the member as one of another tenant.
func foreignMember(m *directory.Member) *directory.Member {
	m.Tenant = other
	return m
}

var memberPromises = []promise{
	{"EveryFieldOfAMemberIsTried", func(t *testing.T, _ *bench) {
		missing := unset("Member", reflect.ValueOf(*member("1")))
		same(t, "fields without a value", missing, []string{"Member.SignedOutBefore"}) // that is tried by signing out
	}},
	{"MemberReadsBackAsStored", func(t *testing.T, b *bench) {
		for _, m := range []*directory.Member{member("10001004"), bareMember("x"), bareMember("X")} {
			b.enrol(t, m)
		}
		for range 2 {
			for _, m := range []*directory.Member{member("10001004"), bareMember("x"), bareMember("X")} {
				same(t, "member", b.member(t, m.Number), m)
			}
			b.Store = b.Reopen(t)
		}
		same(t, "events", b.events(t), []signon.EventType{signon.EventMemberCreated, signon.EventMemberCreated, signon.EventMemberCreated})
	}},
	{"UnknownMemberIsNotFound", func(t *testing.T, b *bench) {
		b.enrol(t, member("1"))
		for _, c := range []struct {
			tenant signon.TenantID
			number string
		}{{shop, "2"}, {shop, ""}, {shop, "01"}, {shop, "1 "}, {other, "1"}} {
			_, err := b.Store.Member(b.ctx, c.tenant, c.number)
			fails(t, fmt.Sprintf("member %q", c.number), err, signon.ErrNotFound)
		}
	}},
	{"NumberNamesOneMember", func(t *testing.T, b *bench) {
		b.enrol(t, member("1"))
		fails(t, "create again", b.Store.CreateMember(b.ctx, bareMember("1"), event(signon.EventMemberCreated)), signon.ErrConflict)
		same(t, "member", b.member(t, "1"), member("1"))
		b.enrol(t, foreignMember(member("1"))) // another tenant's are its own
		same(t, "events", b.events(t), []signon.EventType{signon.EventMemberCreated, signon.EventMemberCreated})
	}},
	{"UpdateOfAMemberReplacesAndCountsUp", func(t *testing.T, b *bench) {
		created := b.enrol(t, member("1"))
		b.enrol(t, foreignMember(member("1")))
		next := bareMember("1")
		next.ChangedAt, next.CreatedAt, next.PrivacyKey = created.ChangedAt.Add(time.Hour), time.Time{}, signon.PrivacyKey{9}
		next.SignedOutBefore = created.ChangedAt.Add(time.Hour)
		b.changeMember(t, next)
		if next.Version != 2 {
			t.Errorf("got version %d in the argument, want 2", next.Version)
		}
		next.CreatedAt, next.PrivacyKey, next.SignedOutBefore = created.CreatedAt, created.PrivacyKey, time.Time{}
		same(t, "member", b.member(t, "1"), next)
		theirs, err := b.Store.Member(b.ctx, other, "1")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the other tenant's member", theirs, foreignMember(member("1")))
	}},
	{"UpdateOfAnotherVersionOfAMemberConflicts", func(t *testing.T, b *bench) {
		b.enrol(t, member("1"))
		b.changeMember(t, member("1"))
		for _, version := range []int64{0, 1, 3} {
			m := bareMember("1")
			m.Version = version
			fails(t, "update", b.Store.UpdateMember(b.ctx, m, event(signon.EventMemberChanged)), signon.ErrConflict)
			if m.Version != version {
				t.Errorf("got version %d in the argument of a refused update, want %d", m.Version, version)
			}
		}
		fails(t, "of an unknown one", b.Store.UpdateMember(b.ctx, bareMember("2"), event(signon.EventMemberChanged)), signon.ErrNotFound)
		fails(t, "of another tenant", b.Store.UpdateMember(b.ctx, foreignMember(member("1")), event(signon.EventMemberChanged)), signon.ErrNotFound)
		want := member("1")
		want.Version = 2
		same(t, "member", b.member(t, "1"), want)
		same(t, "events", b.events(t), []signon.EventType{signon.EventMemberCreated, signon.EventMemberChanged})
	}},
	{"SigningAMemberOutIsLaterThanAllThatWasHandedOut", func(t *testing.T, b *bench) {
		b.enrol(t, member("1"))
		b.enrol(t, member("2"))
		var last time.Time
		for i := range 6 {
			now := b.Store.Now().Truncate(time.Millisecond)
			b.signMemberOut(t, "1")
			want := member("1")
			want.SignedOutBefore = later(now, last).Add(time.Millisecond)
			same(t, fmt.Sprintf("member after %d times", i+1), b.member(t, "1"), want)
			last = want.SignedOutBefore
			if i%2 == 1 { // twice while the clock stands still
				b.clock.Advance(time.Second)
			}
		}
		b.changeMember(t, member("1")) // based on what was read before: signing out is no new version
		stored := member("1")
		stored.Version = 2
		b.importBatch(t, &directory.Batch{Members: []*directory.Member{stored}})
		b.Store = b.Reopen(t)
		if got := b.member(t, "1").SignedOutBefore; !got.Equal(last) {
			t.Errorf("after changes and a restart: got %v, want %v", got, last)
		}
		same(t, "another member", b.member(t, "2"), member("2"))
		fails(t, "an unknown one", b.Store.SignOutMember(b.ctx, shop, "3", event(signon.EventSignedOutEverywhere)), signon.ErrNotFound)
		fails(t, "of another tenant", b.Store.SignOutMember(b.ctx, other, "1", event(signon.EventSignedOutEverywhere)), signon.ErrNotFound)
		b.count(t, signon.EventSignedOutEverywhere, 6)
	}},
	{"MembersAreListedByNumber", func(t *testing.T, b *bench) {
		for _, number := range []string{"30", "4", "A1", "200", "a1"} {
			b.enrol(t, member(number))
		}
		b.enrol(t, foreignMember(member("5")))
		for _, c := range []struct {
			after string
			limit int
			want  []string
		}{{"", 10, []string{"200", "30", "4", "A1", "a1"}}, {"200", 2, []string{"30", "4"}}, {"a1", 5, nil}} {
			list, err := b.Store.Members(b.ctx, shop, c.after, c.limit)
			if err != nil {
				t.Fatalf("list members: %v", err)
			}
			var got []string
			for i := range list {
				same(t, "listed member", &list[i], member(list[i].Number))
				got = append(got, list[i].Number)
			}
			same(t, fmt.Sprintf("numbers after %q", c.after), got, c.want)
		}
	}},
	{"ImportWritesAllMembersOrNone", func(t *testing.T, b *bench) {
		created := b.enrol(t, bareMember("1"))
		next := member("1")
		next.PrivacyKey, next.CreatedAt = signon.PrivacyKey{9}, time.Time{}
		b.importBatch(t, &directory.Batch{Members: []*directory.Member{next, freshMember(member("2"))}})
		if next.Version != 1 {
			t.Errorf("got version %d in the batch, want it left alone", next.Version)
		}
		next.Version, next.PrivacyKey, next.CreatedAt = 2, created.PrivacyKey, created.CreatedAt
		same(t, "member that was there", b.member(t, "1"), next)
		same(t, "member that was not", b.member(t, "2"), member("2"))
		for _, c := range []struct {
			name string
			bad  *directory.Member
			want error
		}{
			{"another version", member("1"), signon.ErrConflict},
			{"a member who exists already", freshMember(member("1")), signon.ErrConflict},
			{"a member who does not exist any more", member("9"), signon.ErrNotFound},
		} {
			batch := &directory.Batch{Members: []*directory.Member{freshMember(member("3")), c.bad}}
			b.importFails(t, c.name, batch, 1, c.want)
			_, err := b.Store.Member(b.ctx, shop, "3")
			fails(t, c.name+": a row before it", err, signon.ErrNotFound)
		}
		b.count(t, signon.EventImported, 1)
	}},
	{"OneUpdateOfAVersionOfAMemberWins", func(t *testing.T, b *bench) {
		b.enrol(t, member("1"))
		const rounds, updaters = 20, 16
		for round := range rounds {
			won := make([]int, updaters)
			together(updaters, func(i int) {
				m := member("1")
				m.Version, m.Name = int64(round+1), fmt.Sprint(i)
				err := b.Store.UpdateMember(b.ctx, m, event(signon.EventMemberChanged))
				won[i] = count(err == nil)
				if err != nil {
					fails(t, "update", err, signon.ErrConflict)
				}
			})
			got := b.member(t, "1")
			for i := range won {
				if (won[i] == 1) != (got.Name == fmt.Sprint(i)) {
					t.Errorf("round %d: updater %d won %d times, the name is %q", round, i, won[i], got.Name)
				}
			}
		}
		b.count(t, signon.EventMemberChanged, rounds)
	}},
}

// enrol stores a new member.
func (b *bench) enrol(t *testing.T, m *directory.Member) *directory.Member {
	t.Helper()
	if err := b.Store.CreateMember(b.ctx, m, event(signon.EventMemberCreated)); err != nil {
		t.Fatalf("create member %s: %v", m.Number, err)
	}
	return m
}

func (b *bench) changeMember(t *testing.T, m *directory.Member) {
	t.Helper()
	if err := b.Store.UpdateMember(b.ctx, m, event(signon.EventMemberChanged)); err != nil {
		t.Fatalf("update member %s: %v", m.Number, err)
	}
}

func (b *bench) signMemberOut(t *testing.T, number string) {
	t.Helper()
	if err := b.Store.SignOutMember(b.ctx, shop, number, event(signon.EventSignedOutEverywhere)); err != nil {
		t.Fatalf("sign out member %s: %v", number, err)
	}
}

func (b *bench) member(t *testing.T, number string) *directory.Member {
	t.Helper()
	m, err := b.Store.Member(b.ctx, shop, number)
	if err != nil {
		t.Fatalf("read member %s: %v", number, err)
	}
	return m
}
