package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"sojourn/internal/audit"
)

// recordPrinter prints records one by one.
type recordPrinter struct {
	w    io.Writer
	json bool
}

// print writes a record as a line. Nothing of it reaches a terminal as anything
// but text: in JSON the encoder escapes, in a table plain does.
func (p *recordPrinter) print(r *audit.Record, raw []byte) error {
	if p.json {
		_, err := p.w.Write(raw)
		return err
	}
	service, _, _ := strings.Cut(r.EventSource, ".")
	who := r.Identity.ARN
	if r.Identity.Type == "Anonymous" || who == "" {
		who = strings.TrimPrefix(r.Identity.Type+" "+r.Identity.PrincipalID, "Anonymous ")
		if r.Identity.Provider != "" {
			who += " of " + r.Identity.Provider
		}
	}
	line := fmt.Sprintf("%s  %-8s %-42s %s", r.EventTime.UTC().Format(time.RFC3339), answerOf(r), plain(service+":"+r.EventName), plain(who))
	for _, f := range [][2]string{{"key", r.Identity.AccessKeyID}, {"from", r.SourceIP}, {"on", r.Resource}, {"ref", r.Params["reference"]},
		{"error", r.ErrorCode}, {"issued", issuedKey(r)}, {"request", r.RequestID}} {
		if f[1] != "" {
			line += "  " + f[0] + "=" + plain(f[1])
		}
	}
	_, err := io.WriteString(p.w, line+"\n")
	return err
}

func answerOf(r *audit.Record) string {
	if a, ok := answers[r.Decision]; ok {
		return a
	}
	return "-"
}

func issuedKey(r *audit.Record) string {
	if r.Issued == nil {
		return ""
	}
	return r.Issued.AccessKeyID
}

// seen is what a principal did.
type seen struct {
	Principal string    `json:"principal"`
	Allowed   int       `json:"allowed"`
	Refused   int       `json:"refused"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	From      []string  `json:"from"`
	Keys      int       `json:"accessKeys"`
	keys      map[string]bool
}

// maxSeen bounds what a summary keeps.
const maxSeen = 1_000_000

func auditSummary(ctx context.Context, a *app, dir string, f audit.Filter, asJSON bool) error {
	all := map[string]*seen{}
	err := audit.Search(ctx, dir, f, func(r *audit.Record, _ []byte) error {
		who := personOf(r)
		s := all[who]
		if s == nil {
			if len(all) == maxSeen {
				return fmt.Errorf("more than %d principals: choose a shorter time", maxSeen)
			}
			s = &seen{Principal: who, First: r.EventTime, keys: map[string]bool{}}
			all[who] = s
		}
		s.add(r)
		return nil
	})
	if err != nil {
		return err
	}
	list := slices.SortedFunc(maps.Values(all), func(a, b *seen) int { return strings.Compare(a.Principal, b.Principal) })
	if asJSON {
		out := json.NewEncoder(a.stdout)
		out.SetIndent("", "    ")
		out.SetEscapeHTML(false)
		return out.Encode(list)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PRINCIPAL\tALLOWED\tREFUSED\tFIRST\tLAST\tKEYS\tFROM")
	for _, s := range list {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%d\t%s\n", plain(s.Principal), s.Allowed, s.Refused,
			s.First.UTC().Format(time.RFC3339), s.Last.UTC().Format(time.RFC3339), s.Keys, plain(strings.Join(s.From, " ")))
	}
	return t.Flush()
}

// personOf is who stands behind a record: the caller, and the person that the
// caller's source identity names.
func personOf(r *audit.Record) string {
	who := r.Identity.ARN
	switch {
	case r.Identity.Type == "Anonymous":
		who = "not signed in"
	case who == "":
		who = r.Identity.Type + " " + r.Identity.PrincipalID
	}
	if r.Identity.SourceIdent != "" {
		who += " (" + r.Identity.SourceIdent + ")"
	}
	return who
}

func (s *seen) add(r *audit.Record) {
	if r.Decision == "Allow" {
		s.Allowed++
	} else {
		s.Refused++
	}
	if r.EventTime.Before(s.First) {
		s.First = r.EventTime
	}
	if r.EventTime.After(s.Last) {
		s.Last = r.EventTime
	}
	if r.SourceIP != "" && len(s.From) < 100 && !slices.Contains(s.From, r.SourceIP) {
		s.From = append(s.From, r.SourceIP)
	}
	if k := r.Identity.AccessKeyID; k != "" && len(s.keys) < 10_000 {
		s.keys[k] = true
		s.Keys = len(s.keys)
	}
}
