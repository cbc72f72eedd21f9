package main

// mutant is a deliberate bug, and the test that finds it.
type mutant struct {
	name, pkg, test string
	changes         []change
}

// change is text of a file, which is there once, and what the bug makes of it.
type change struct{ file, old, bug string }

// table lists the bugs. docs/security.md tells what each of them would mean.
var table = []mutant{
	{
		"select-then-update", "internal/store/sqlite", "TestStoreKeepsTheContracts/Races/TokenIsRedeemedOnceByDifferentBrowsers",
		[]change{{
			"internal/store/sqlite/grant.go",
			`	if err := s.changeGrant(ctx, "redeem grant", q.Key, func(t *tx) error { return q.Do(t) }); err != nil {`,
			`	seen, err := s.ReadGrant(ctx, q.Key)
	if err := s.changeGrant(ctx, "redeem grant", q.Key, func(t *tx) error {
		if err == nil && seen.State == signon.GrantLive {
			t.Exec("UPDATE grants SET state = 0, session_secret = NULL WHERE key = ?", q.Key[:])
		}
		return q.Do(t)
	}); err != nil {`,
		}},
	},
	{
		"select-then-update-nodes", "internal/store/postgres", "TestOneOfManyWinsOverThreeNodes",
		[]change{{
			"internal/store/postgres/grant.go",
			`	o := s.changing(ctx, r.Key, q.Do)
	o.redeem = q`,
			`	seen, err := s.ReadGrant(ctx, q.Key)
	o := s.changing(ctx, r.Key, func(t tables.Tx) error {
		if err == nil && seen.State == signon.GrantLive {
			t.Exec("UPDATE grants SET state = 0, session_secret = NULL WHERE key = ?", q.Key[:])
		}
		return q.Do(t)
	})`,
		}},
	},
	{
		"answer-before-commit", "internal/server", "TestEveryAcknowledgedLinkRedeemsExactlyOnceThoughTheServerIsKilled",
		[]change{{
			"internal/store/sqlite/writer.go",
			`	if err := w.control("COMMIT"); err != nil {`,
			`	for _, o := range ops {
		o.Answer()
	}
	time.Sleep(2 * time.Millisecond)
	if err := w.control("COMMIT"); err != nil {`,
		}, {
			"internal/store/sqlite/writer.go",
			`		o.Answer()
	}
}

// errGroup`,
			`	}
}

// errGroup`,
		}},
	},
	{
		"synchronous-off", "internal/store/sqlite", "TestLessThanDurableIsRefused",
		[]change{
			{"internal/store/sqlite/conn.go", `synchronous(full)`, `synchronous(off)`},
			{"internal/store/sqlite/conn.go", `level.Int(0); n < full`, `level.Int(0); n > full`},
		},
	},
	{
		"replay-by-read", "internal/store/postgres", "TestACommitThatTheStandbyHasNotSeenIsNoSuccess",
		[]change{{
			"internal/store/postgres/tx.go",
			`	b.Queue(moveHead, end.Seq, end.Hash[:], t.head.at)`,
			`	if t.events.all.count() > 0 {
		b.Queue(moveHead, end.Seq, end.Hash[:], t.head.at)
	}`,
		}, {
			"internal/store/postgres/head.go",
			` FROM head FOR UPDATE"`, ` FROM head"`,
		}},
	},
	{
		"warning-ignored", "internal/store/postgres", "TestACommitThatTheStandbyHasNotSeenIsNoSuccess",
		[]change{{"internal/store/postgres/conn.go", `CustomData()[said] != nil`, `CustomData()[said] != nil && false`}},
	},
	{
		"warning-ignored-straight", "internal/store/postgres", "TestACommitThatTheStandbyHasNotSeenIsNoSuccess",
		[]change{{"internal/store/postgres/straight.go", `	case unsure:`, `	case unsure && false:`}},
	},
	{
		"supposed-to-win", "internal/store/postgres", "TestWhatDoesNotHoldIsDoneStepByStep",
		[]change{{"internal/store/postgres/straight.go", `(SELECT count(*) FROM won) = $8 THEN`, `(SELECT count(*) FROM won) <= $8 THEN`}},
	},
	{
		"head-not-asked-for", "internal/store/postgres", "TestWhatChangedWhileAGroupWaitedIsSeen",
		[]change{{"internal/store/postgres/straight.go", `EXISTS (SELECT FROM moved) AND`, `EXISTS (SELECT) AND`}},
	},
	{
		"customers-trusted-for-longer", "internal/store/postgres", "TestANodeNeverTellsOfACustomerAsBeforeAnotherNodesChange",
		[]change{{"internal/store/postgres/committer.go", `		time.AfterFunc(trusted, o.Answer)`, `		time.AfterFunc(trusted/50, o.Answer)`}},
	},
	{
		"no-epoch", "internal/store/sqlite", "TestStoreKeepsTheContracts/Time/RestoredCopyVoidsGrantsAndSessions",
		[]change{{"internal/store/tables/redeem.go", `AND epoch = ? AND expires_at > ?`, `AND epoch <= ? AND expires_at > ?`}},
	},
	{
		"no-epoch-after-failover", "internal/store/postgres", "TestAPromotedStandbyVoidsWhatWasIssuedBefore",
		[]change{{"internal/store/postgres/proof.go", `	if current != known ||`, `	if current != known && known == "" ||`}},
	},
	{
		"any-standby-goes-on", "internal/store/postgres", "TestAPromotedStandbyForWhichNobodyWaitedVoids",
		[]change{{"internal/store/postgres/proof.go", `	case !strings.EqualFold(own, name):`, `	case !strings.EqualFold(own, name) && false:`}},
	},
	{
		"swallowed-store-error", "internal/signon", "TestAnUncertainOutcomeIsNeverSuccess",
		[]change{{
			"internal/signon/redeem.go",
			`		return nil, fmt.Errorf("redeem grant: %w", err)
	}
	reason := judge(&out)`,
			`		out = RedeemOutcome{Won: true, Session: r.session(token), At: s.store.Now(), Epoch: s.store.Epoch()}
	}
	reason := judge(&out)`,
		}},
	},
	{
		"leftmost-forwarded-for", "internal/clientip", "TestClientIsThePeerUnlessATrustedProxySaysOtherwise",
		[]change{{"internal/clientip/clientip.go", `			if addr = next; !p.Trusts(addr) {`, `			if addr = next; false {`}},
	},
	{
		"suffix-host-match", "internal/signon", "TestTargetOffTheRegisteredHostsIsRefused",
		[]change{{"internal/signon/origin.go", `	return o.Host == c.Host`, `	return strings.HasSuffix(c.Host, o.Host)`}},
	},
	{
		"purpose-left-out", "internal/signon", "TestGrantKeyDependsOnTenantDestinationAndToken",
		[]change{{
			"internal/signon/key.go",
			`g.digests.sum("grant", string(tenant), destination, string(raw[:size]))`,
			`g.digests.sum("grant", string(tenant), destination[:0], string(raw[:size]))`,
		}},
	},
	{
		"clock-without-clamp", "internal/store/sqlite", "TestStoreKeepsTheContracts/Time/ClockSetBackRevivesNothing",
		[]change{{"internal/store/clock/clock.go", `	if read >= c.last && !c.behind {`, `	if c.passed == 0 {`}},
	},
	{
		"prefetch-spends", "internal/landing", "TestWhatIsNoNavigationSpendsNothing",
		[]change{{"internal/landing/handler.go", `	if speculative(h) {`, `	if speculative(h) && false {`}},
	},
	{
		"old-file-unnoticed", "internal/store/sqlite", "TestStoreKeepsTheContracts/Time/RestoredCopyVoidsGrantsAndSessions",
		[]change{{"internal/store/sqlite/mark.go", `	if same && epoch >= known.epoch {`, `	if same || epoch >= known.epoch {`}},
	},
	{
		"event-beside-transaction", "internal/store/sqlite", "TestWhatFailsHalfWayLeavesNothing",
		[]change{{
			"internal/store/sqlite/tx.go",
			`	t.Exec(tables.InsertEvent, t.next.Seq, t.next.Body, t.next.Hash[:])`,
			`	t.Exec(tables.InsertEvent, t.next.Seq, t.next.Body, t.next.Hash[:])
	t.fault = nil`,
		}},
	},
}
