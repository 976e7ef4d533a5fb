package gate

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/awserr"
	"sojourn/internal/principal"
)

// A request whose proof is worthless is recorded with what was answered, under
// the key that it claims; a secret that somebody put in the key's place is not.
func TestUnprovenIsRecorded(t *testing.T) {
	g, l, _ := fixture(t)
	reason := awserr.InvalidToken()
	for claimed, want := range map[string]string{"ASIAQQQQQQQQQQQQQQQQ": "ASIAQQQQQQQQQQQQQQQQ", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY": "", "ASIAqqqqqqqqqqqqqqqq": "", "": ""} {
		nobody := &principal.Caller{RequestID: "r", Time: maria().Time}
		if err := g.Unproven(t.Context(), nobody, claimed, Request{Action: "codecommit:GitPull"}, reason); !errors.Is(err, reason) {
			t.Errorf("%q: %v", claimed, err)
		}
		rec := l.records[len(l.records)-1]
		if rec.Identity.AccessKeyID != want || rec.Decision != "Deny" || rec.ErrorCode != reason.Code || rec.ErrorMessage != reason.Message || rec.PolicyType != "proof" || rec.EventName != "GitPull" {
			t.Errorf("%q: recorded %+v", claimed, rec)
		}
	}
	l.full = true
	if err := g.Unproven(t.Context(), &principal.Caller{}, "", Request{Action: "sts:Unknown"}, reason); !awserr.Is(err, awserr.ServiceUnavailable) {
		t.Errorf("a refusal that can't be recorded: %v", err)
	}
}

// A clock that is turned back does not end the recording for as long as it goes
// until it is where it was.
func TestAttackFloodBeforeTheClockIsTurnedBack(t *testing.T) {
	var f flood
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for range 2 * floodBurst {
		f.pass(now)
	}
	now = now.Add(-24 * time.Hour)
	if _, ok := f.pass(now); ok {
		t.Error("the flood is forgotten")
	}
	if skipped, ok := f.pass(now.Add(time.Second)); !ok || skipped != floodBurst+1 {
		t.Errorf("a second later: %v, %d not recorded", ok, skipped)
	}
}

// A flood of them does not fill the disk, and its size is told.
func TestUnprovenFlood(t *testing.T) {
	g, l, _ := fixture(t)
	c := &principal.Caller{Time: maria().Time}
	refuse := func() { g.Unproven(t.Context(), c, "", Request{Action: "sts:Unknown"}, awserr.InvalidToken()) }
	for range floodBurst + 100 {
		refuse()
	}
	if len(l.records) != floodBurst {
		t.Errorf("%d are recorded", len(l.records))
	}
	c.Time = c.Time.Add(time.Second)
	refuse()
	if last := l.records[len(l.records)-1]; last.Params["refusalsNotRecorded"] != strconv.Itoa(100) {
		t.Errorf("recorded %+v", last)
	}
	for range 10 * floodBurst { // who has signed is not in the flood
		g.Refuse(t.Context(), maria(), Request{Action: "sts:AssumeRole"}, awserr.InvalidToken())
	}
	if n := len(l.records); n != floodBurst+1+10*floodBurst {
		t.Errorf("%d are recorded", n)
	}
}

// What an allowed act has issued is in its record; what keeps it from issuing
// is a refusal, and nothing is given out that can't be recorded.
func TestIssueIsInTheRecord(t *testing.T) {
	g, l, _ := fixture(t, everything)
	r := Request{Action: "sts:GetSessionToken", Resource: "*"}
	r.Issue = func(context.Context) (*audit.Issued, error) { return &audit.Issued{AccessKeyID: "ASIANEW"}, nil }
	if err := g.Authorize(t.Context(), maria(), r); err != nil || l.records[0].Issued == nil || l.records[0].Issued.AccessKeyID != "ASIANEW" {
		t.Errorf("%v, recorded %+v", err, l.records)
	}
	r.Issue = func(context.Context) (*audit.Issued, error) { return nil, awserr.Validation("too long") }
	if err := g.Authorize(t.Context(), maria(), r); !awserr.Is(err, awserr.ValidationError) {
		t.Error(err)
	}
	if rec := l.records[1]; rec.Decision != "Deny" || rec.ErrorCode != "ValidationError" || rec.Issued != nil || rec.Policy != "" || !strings.Contains(rec.Reason, "too long") {
		t.Errorf("recorded %+v", rec)
	}
	called := 0
	g, _, _ = fixture(t, statement("Deny", "*", "*", ""))
	r.Issue = func(context.Context) (*audit.Issued, error) { called++; return nil, nil }
	if err := g.Authorize(t.Context(), maria(), r); err == nil || called != 0 {
		t.Errorf("a refused act issues: %v", err)
	}
}
