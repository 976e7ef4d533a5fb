package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/audit"
	"sojourn/internal/node"
)

func auditPage() page {
	return page{synopsis: "audit COMMAND (--data DIR | --dir DIR) [FLAGS]",
		about: "Reads the audit log of a server: the record of each decision, sign-in, issue, refusal and administrative act. It needs no server, and may run beside one. " +
			"--data names the server's data directory; --dir a copy of its directory \"audit\".",
		wordsAre: "Commands",
		words: []row2{
			{"verify", "prove that no record was changed, removed or moved"},
			{"search", "show the records of a principal, a key, an action, a repository, a time"},
			{"tail", "show the newest records, and those that come"},
			{"export", "write records as a CloudTrail log file or as a table (CSV)"},
		},
		more:    "The example tells who has read a repository in November.",
		example: "sojourn audit search --data /var/lib/sojourn --resource MyDemoRepo --reads --since 2026-11-01 --until 2026-12-01 --summary"}
}

func runAudit(ctx context.Context, a *app, args []string) error {
	if len(args) == 0 {
		return usagef("audit: want a command; \"sojourn audit --help\" lists them")
	}
	switch args[0] {
	case "verify":
		return auditVerify(ctx, a, args[1:])
	case "search":
		return auditSearch(ctx, a, args[1:])
	case "tail":
		return auditTail(ctx, a, args[1:])
	case "export":
		return auditExport(ctx, a, args[1:])
	case "-h", "-help", "--help", "help":
		a.show(auditPage())
		return nil
	}
	return noWord("audit", args[0], auditPage().words)
}

// auditPlace is where a log is.
type auditPlace struct{ data, dir string }

func (p *auditPlace) register(a *app, flags *flag.FlagSet) {
	flags.StringVar(&p.data, "data", a.getenv(envName("data")), "`DIR` that the server keeps its data in")
	flags.StringVar(&p.dir, "dir", "", "`DIR` of a copy of the audit log")
}

// parse reads the flags and finds the log.
func (p *auditPlace) parse(flags *flag.FlagSet, args []string) error {
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return usagef("unexpected argument %q", flags.Arg(0))
	case p.dir == "" && p.data == "":
		return usagef("data: the directory is missing; give --data DIR, or --dir DIR for a copy")
	case p.dir == "":
		p.dir = node.AuditDir(p.data)
	default:
		p.data = ""
	}
	if info, err := os.Stat(p.dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%q: there is no audit log; a server makes one in its data directory", p.dir)
	}
	return nil
}

// verification is what verify says as JSON.
type verification struct {
	Whole bool `json:"whole"`
	Fault *struct {
		File string `json:"file"`
		Line int    `json:"line,omitempty"`
		Text string `json:"text"`
	} `json:"fault,omitempty"`
	First    uint64     `json:"first,omitempty"`
	Last     uint64     `json:"last,omitempty"`
	Hash     string     `json:"hash,omitempty"`
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	Signed   *time.Time `json:"signed,omitempty"`
	Closed   bool       `json:"closed"`
	Unsigned int        `json:"unsigned"`
	Removed  uint64     `json:"removed,omitempty"`
	Files    int        `json:"files"`
	Digests  int        `json:"digests"`
	Notes    []string   `json:"notes,omitempty"`
}

func auditVerify(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "audit verify (--data DIR | --dir DIR --public-key FILE) [FLAGS]",
		"Proves by the signed digests that no record was changed, removed or moved, and says which\n"+
			"records and what time are proven. The first fault is named with its file and line; the exit\n"+
			"status is then 1. A copy is verified with the server's DIR/keys/audit-public.pem, which must\n"+
			"come from elsewhere than the copy.",
		"sojourn audit verify --data /var/lib/sojourn\nsojourn audit verify --dir copy/audit --public-key audit-public.pem --max-age 2h")
	var p auditPlace
	p.register(a, flags)
	keyFile := flags.String("public-key", "", "PEM `FILE` of the keys that digests may be signed with; needed with --dir")
	maxAge := flags.Duration("max-age", 0, "how old the newest signature may be; 0 takes any")
	anchor := flags.String("anchor", "", "`NUMBER:HASH` of a record, as an earlier run or the server's log has printed it: the log must still hold it")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := p.parse(flags, args); err != nil {
		return err
	}
	if p.data == "" && *keyFile == "" {
		return usagef("public-key: it is missing; a copy is verified with a key that does not come with it")
	}
	c, err := node.AuditCheck(p.data, p.dir, *keyFile)
	if err != nil {
		return err
	}
	if *maxAge > 0 {
		c.NotBefore = time.Now().Add(-*maxAge)
	}
	if c.Anchor, c.AnchorHash, err = parseAnchor(*anchor); err != nil {
		return err
	}
	proof, err := audit.Verify(ctx, c)
	f, isFault := errors.AsType[*audit.Fault](err)
	if err != nil && !isFault {
		return err
	}
	if *asJSON {
		return verifyJSON(a, proof, f)
	}
	return verifyText(a, proof, f)
}

func parseAnchor(s string) (number uint64, hash string, err error) {
	if s == "" {
		return 0, "", nil
	}
	n, hash, _ := strings.Cut(s, ":")
	number, err = strconv.ParseUint(n, 10, 64)
	if err != nil || number == 0 || len(hash) != 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return 0, "", usagef("anchor %q: want NUMBER:HASH", s)
	}
	return number, hash, nil
}

func verifyJSON(a *app, p audit.Proof, f *audit.Fault) error {
	v := verification{Whole: f == nil, Closed: p.Closed, Unsigned: p.Unsigned, Removed: p.Removed, Files: p.Files, Digests: p.Digests, Notes: p.Notes}
	if f != nil {
		v.Fault = &struct {
			File string `json:"file"`
			Line int    `json:"line,omitempty"`
			Text string `json:"text"`
		}{f.File, f.Line, f.Text}
	} else {
		v.First, v.Last, v.Hash, v.From, v.To, v.Signed = p.First, p.Last, p.Hash, &p.From, &p.To, &p.Signed
	}
	out := json.NewEncoder(a.stdout)
	out.SetIndent("", "    ")
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return err
	}
	if f != nil {
		return exitStatus(1)
	}
	return nil
}

func verifyText(a *app, p audit.Proof, f *audit.Fault) error {
	for _, n := range p.Notes {
		fmt.Fprintln(a.stdout, "note:", plain(n))
	}
	if f != nil {
		return fmt.Errorf("the audit log is not whole: %s; keep a copy of it as it is, and compare it with an earlier one", plain(f.Error()))
	}
	fmt.Fprintf(a.stdout, "The audit log is whole: records %d to %d, of %s to %s, are as they were written (%d files, %d digests, signed last at %s).\n",
		p.First, p.Last, p.From.UTC().Format(time.RFC3339), p.To.UTC().Format(time.RFC3339), p.Files, p.Digests, p.Signed.UTC().Format(time.RFC3339))
	if p.Removed > 0 {
		fmt.Fprintf(a.stdout, "Records up to %d were removed as too old, under a signed digest.\n", p.Removed)
	}
	if p.Unsigned > 0 {
		fmt.Fprintf(a.stdout, "%d newer records are in the chain and not signed yet.\n", p.Unsigned)
	}
	fmt.Fprintf(a.stdout, "To hold a later copy against this one: --anchor %d:%s\n", p.Last, p.Hash)
	return nil
}

// auditFilter are the flags that choose records.
type auditFilter struct {
	audit.Filter
	since, until string
}

func (f *auditFilter) register(flags *flag.FlagSet) {
	flags.StringVar(&f.Principal, "principal", "", "part of the `NAME`, ARN or id of who asked, of a provider's subject, or of a session that was issued")
	flags.StringVar(&f.AccessKey, "access-key", "", "access key `ID` that signed, or that was issued")
	flags.StringVar(&f.Action, "action", "", "`ACTION` such as codecommit:GitPush or Get*; * stands for any text")
	flags.StringVar(&f.Resource, "resource", "", "a repository's `NAME`, or an ARN; * stands for any text")
	flags.StringVar(&f.Account, "account", "", "account `ID` of who asked or of the resource")
	flags.StringVar(&f.Decision, "decision", "", "allow or deny")
	flags.StringVar(&f.RequestID, "request-id", "", "`ID` of one request")
	flags.BoolVar(&f.Reads, "reads", false, "only what reads and changes nothing")
	flags.StringVar(&f.since, "since", "", "not before this `TIME`: 2026-11-24, 2026-11-24T12:00:00Z, or a duration back from now such as 36h")
	flags.StringVar(&f.until, "until", "", "before this `TIME`")
}

func (f *auditFilter) times(now time.Time) error {
	if f.Decision != "" && !strings.EqualFold(f.Decision, "allow") && !strings.EqualFold(f.Decision, "deny") {
		return usagef("decision %q: want allow or deny", f.Decision)
	}
	for _, t := range []struct {
		name, text string
		at         *time.Time
	}{{"since", f.since, &f.Since}, {"until", f.until, &f.Until}} {
		at, ok := parseTime(t.text, now)
		if !ok {
			return usagef("%s %q: want a day as 2026-11-24, a time as 2026-11-24T12:00:00Z, or a duration back from now as 36h", t.name, t.text)
		}
		*t.at = at
	}
	return nil
}

func parseTime(s string, now time.Time) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	if back, err := time.ParseDuration(s); err == nil && back >= 0 {
		return now.Add(-back), true
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func auditSearch(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "audit search (--data DIR | --dir DIR) [FLAGS]",
		"Shows records, the oldest first. Several flags choose what fits all of them.\n"+
			"--summary tells for each principal how often it was allowed and refused, when, and from where.",
		"sojourn audit search --data /var/lib/sojourn --resource MyDemoRepo --reads --since 2026-11-01 --until 2026-12-01 --summary\n"+
			"sojourn audit search --data /var/lib/sojourn --access-key ASIAEXAMPLE --json")
	var p auditPlace
	var f auditFilter
	p.register(a, flags)
	f.register(flags)
	asJSON := flags.Bool("json", false, "print each record as a line of JSON")
	summary := flags.Bool("summary", false, "print one line a principal")
	if err := p.parse(flags, args); err != nil {
		return err
	}
	if err := f.times(time.Now()); err != nil {
		return err
	}
	if *summary {
		return auditSummary(ctx, a, p.dir, f.Filter, *asJSON)
	}
	return audit.Search(ctx, p.dir, f.Filter, (&recordPrinter{w: a.stdout, json: *asJSON}).print)
}

func auditTail(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "audit tail (--data DIR | --dir DIR) [-f] [FLAGS]",
		"Shows the newest records, and with -f those that come, until it is interrupted.",
		"sojourn audit tail --data /var/lib/sojourn -f --decision deny")
	var p auditPlace
	var f auditFilter
	p.register(a, flags)
	f.register(flags)
	asJSON := flags.Bool("json", false, "print each record as a line of JSON")
	last := flags.Int("n", 20, "how `MANY` of the newest records are shown")
	follow := flags.Bool("f", false, "go on with those that come")
	if err := p.parse(flags, args); err != nil {
		return err
	}
	if err := f.times(time.Now()); err != nil {
		return err
	}
	if *last < 0 || *last > 100_000 {
		return usagef("n %d: want 0 to 100000", *last)
	}
	wait := func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-time.After(250 * time.Millisecond):
		}
	}
	if !*follow {
		wait = nil
	}
	err := audit.Follow(ctx, p.dir, f.Filter, *last, wait, (&recordPrinter{w: a.stdout, json: *asJSON}).print)
	if *follow && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func auditExport(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "audit export (--data DIR | --dir DIR) [--format cloudtrail|csv] [--out FILE] [FLAGS]",
		"Writes records as a CloudTrail log file, {\"Records\":[…]}, or as a table. Where the file's\n"+
			"name ends with .gz it is compressed, as CloudTrail's are.",
		"sojourn audit export --data /var/lib/sojourn --since 24h --out records.json.gz")
	var p auditPlace
	var f auditFilter
	p.register(a, flags)
	f.register(flags)
	format := flags.String("format", "cloudtrail", "`FORMAT`: cloudtrail or csv")
	out := flags.String("out", "", "`FILE` to write, which must not be there; without it standard output")
	if err := p.parse(flags, args); err != nil {
		return err
	}
	if err := f.times(time.Now()); err != nil {
		return err
	}
	export, ok := map[string]func(context.Context, string, audit.Filter, io.Writer) error{"cloudtrail": audit.ExportJSON, "csv": audit.ExportCSV}[*format]
	if !ok {
		return usagef("format %q: want cloudtrail or csv", *format)
	}
	write := func(w io.Writer) error { return export(ctx, p.dir, f.Filter, w) }
	if *out == "" {
		return write(a.stdout)
	}
	return exportFile(*out, write)
}

// exportFile writes a new file for its owner only; of one that fails nothing is left.
func exportFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("out: %w", err)
	}
	if filepath.Ext(path) == ".gz" {
		z := gzip.NewWriter(f)
		err = errors.Join(write(z), z.Close())
	} else {
		err = write(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}
