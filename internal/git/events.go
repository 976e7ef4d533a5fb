package git

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sojourn/internal/arn"
	"sojourn/internal/refname"
	"sojourn/internal/store"
)

// stateChange is an event in the form of EventBridge's "CodeCommit Repository
// State Change", which programs that follow CodeCommit read.
type stateChange struct {
	Version    string       `json:"version"`
	ID         string       `json:"id"`
	DetailType string       `json:"detail-type"`
	Source     string       `json:"source"`
	Account    string       `json:"account"`
	Time       string       `json:"time"`
	Region     string       `json:"region"`
	Resources  []string     `json:"resources"`
	Detail     changeDetail `json:"detail"`
}

type changeDetail struct {
	Event             string `json:"event"`
	RepositoryName    string `json:"repositoryName"`
	RepositoryID      string `json:"repositoryId"`
	ReferenceType     string `json:"referenceType"`
	ReferenceName     string `json:"referenceName"`
	ReferenceFullName string `json:"referenceFullName"`
	CommitID          string `json:"commitId,omitempty"`
	OldCommitID       string `json:"oldCommitId,omitempty"`
	CallerUserARN     string `json:"callerUserArn"`
}

// referenceEvents are the events of a change, one of each kind for each ref that
// others see.
func (p *plan) referenceEvents(log []store.RefChange, at time.Time) (events []store.Event) {
	for i := range log {
		if len(p.events) == 0 || strings.HasPrefix(log[i].Ref, HiddenRefs) {
			continue
		}
		text, _ := json.Marshal(p.stateChange(&log[i], at)) // texts always encode
		for k, kind := range p.events {
			events = append(events, store.Event{Repo: p.c.repo, Version: p.row.Version, Seq: len(p.events)*i + k, Kind: kind, Payload: string(text), At: at.Unix()})
		}
	}
	return events
}

func (p *plan) stateChange(c *store.RefChange, at time.Time) stateChange {
	d := changeDetail{
		Event: "referenceUpdated", RepositoryName: p.row.Name, RepositoryID: p.row.ID, ReferenceFullName: c.Ref,
		CommitID: c.New, OldCommitID: c.Old, CallerUserARN: p.c.actor,
	}
	switch {
	case c.Old == "":
		d.Event = "referenceCreated"
	case c.New == "":
		d.Event = "referenceDeleted"
	}
	d.ReferenceType, d.ReferenceName = kindOfRef(c.Ref)
	return stateChange{
		Version: "0", ID: uuid(), DetailType: "CodeCommit Repository State Change", Source: "aws.codecommit",
		Account: p.row.Account, Time: at.Format("2006-01-02T15:04:05Z"), Region: p.row.Region,
		Resources: []string{arn.Repository(p.row.Region, p.row.Account, p.row.Name)}, Detail: d,
	}
}

// kindOfRef names a ref as events do. AWS knows branches and tags.
func kindOfRef(ref string) (kind, name string) {
	if name, ok := strings.CutPrefix(ref, refname.Heads); ok {
		return "branch", name
	}
	if name, ok := strings.CutPrefix(ref, "refs/tags/"); ok {
		return "tag", name
	}
	return "other", strings.TrimPrefix(ref, "refs/")
}

// uuid is a random one (RFC 9562, version 4): who gets an event twice knows it by that.
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
