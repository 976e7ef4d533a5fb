package audit

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
)

// ExportJSON writes chosen records as a CloudTrail log file: {"Records":[…]}.
func ExportJSON(ctx context.Context, dir string, f Filter, w io.Writer) error {
	begin := `{"Records":[`
	err := Search(ctx, dir, f, func(_ *Record, raw []byte) error {
		if _, err := io.WriteString(w, begin); err != nil {
			return err
		}
		begin = ","
		_, err := w.Write(raw[:len(raw)-1])
		return err
	})
	if err != nil {
		return err
	}
	end := "]}\n"
	if begin != "," {
		end = begin + end
	}
	_, err = io.WriteString(w, end)
	return err
}

// csvColumns are the columns of ExportCSV.
var csvColumns = []struct {
	name  string
	value func(*Record) string
}{
	{"eventTime", func(r *Record) string { return r.EventTime.UTC().Format(time.RFC3339) }},
	{"eventID", func(r *Record) string { return r.EventID }},
	{"requestID", func(r *Record) string { return r.RequestID }},
	{"eventSource", func(r *Record) string { return r.EventSource }},
	{"eventName", func(r *Record) string { return r.EventName }},
	{"decision", func(r *Record) string { return r.Decision }},
	{"errorCode", func(r *Record) string { return r.ErrorCode }},
	{"reason", func(r *Record) string { return r.Reason }},
	{"policyType", func(r *Record) string { return r.PolicyType }},
	{"policy", func(r *Record) string { return r.Policy }},
	{"principalType", func(r *Record) string { return typeOf(&r.Identity) }},
	{"principal", func(r *Record) string { return r.Identity.ARN }},
	{"accessKeyId", func(r *Record) string { return r.Identity.AccessKeyID }},
	{"sourceIdentity", func(r *Record) string { return r.Identity.SourceIdent }},
	{"identityProvider", func(r *Record) string { return r.Identity.Provider }},
	{"sourceIPAddress", func(r *Record) string { return r.SourceIP }},
	{"userAgent", func(r *Record) string { return r.UserAgent }},
	{"resource", func(r *Record) string { return r.Resource }},
	{"recipientAccountId", func(r *Record) string { return r.Account }},
	{"requestParameters", func(r *Record) string { return paramText(r.Params) }},
	{"issuedAccessKeyId", func(r *Record) string {
		if r.Issued == nil {
			return ""
		}
		return r.Issued.AccessKeyID
	}},
}

func paramText(m map[string]string) string {
	var parts []string
	for name, value := range m {
		parts = append(parts, name+"="+value)
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}

// ExportCSV writes chosen records as a table. A text that a spreadsheet would
// take for a formula begins with an apostrophe; control characters are replaced.
func ExportCSV(ctx context.Context, dir string, f Filter, w io.Writer) error {
	out := csv.NewWriter(w)
	row := make([]string, len(csvColumns))
	for i, c := range csvColumns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	err := Search(ctx, dir, f, func(r *Record, _ []byte) error {
		for i, c := range csvColumns {
			row[i] = harmless(c.value(r))
		}
		return out.Write(row)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
