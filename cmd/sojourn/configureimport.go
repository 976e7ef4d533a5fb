package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sojourn/internal/client/config"
)

// maxCSV is more than the keys of any account.
const maxCSV = 4 << 20

// importCSV is "aws configure import".
func (u *configuration) importCSV(args []string) error {
	f := newFlags(u.app, "configure import", "", "")
	source := f.String("csv", "", "")
	prefix := f.String("profile-prefix", "", "")
	skip := f.Bool("skip-invalid", false, "")
	if err := parseFlags(f, args); err != nil {
		return err
	}
	if *source == "" || f.NArg() > 0 {
		return usagef("configure import: want --csv file://PATH")
	}
	text, err := csvText(*source)
	if err != nil {
		return err
	}
	keys, err := readKeys(text, *skip, func(line int, why string) {
		fmt.Fprintf(u.stderr, "sojourn: line %d is left out: %s\n", line, why)
	})
	if err != nil {
		return err
	}
	for _, k := range keys {
		for _, s := range []config.Setting{{Key: "aws_access_key_id", Value: k.id}, {Key: "aws_secret_access_key", Value: k.secret}} {
			if err := u.cfg.Set(*prefix+k.user, s); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(u.stdout, "Successfully imported %d profile(s)\n", len(keys))
	return nil
}

func csvText(source string) (string, error) {
	path, ok := strings.CutPrefix(source, "file://")
	if !ok {
		return source, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("configure import: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCSV+1))
	if err == nil && len(b) > maxCSV {
		err = fmt.Errorf("it is longer than %d bytes", maxCSV)
	}
	if err != nil {
		return "", fmt.Errorf("configure import: reading %s: %w", path, err)
	}
	return string(b), nil
}

// accessKey is one line of the console's file.
type accessKey struct{ user, id, secret string }

// readKeys reads the console's file. An error names the line and never quotes it.
func readKeys(text string, skip bool, left func(line int, why string)) ([]accessKey, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	head, err := r.Read()
	if err != nil {
		return nil, errors.New("configure import: the file is empty or no CSV")
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	var columns [3]int
	for i, name := range []string{"User Name", "Access key ID", "Secret access key"} {
		n, ok := at[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("configure import: the file has no column %q; give it the one that the console saves for a new user", name)
		}
		columns[i] = n
	}
	var keys []accessKey
	for {
		record, err := r.Read()
		if err == io.EOF {
			return keys, nil
		}
		line, _ := r.FieldPos(0)
		var k accessKey
		why := ""
		if err != nil {
			why = "it is no CSV"
		} else {
			for i, field := range []*string{&k.user, &k.id, &k.secret} {
				if columns[i] < len(record) {
					*field = strings.TrimSpace(record[columns[i]])
				}
				if *field == "" {
					why = "user name, key or secret is missing"
				}
			}
		}
		switch {
		case why == "":
			keys = append(keys, k)
		case !skip || err != nil:
			return nil, fmt.Errorf("configure import: line %d: %s; correct it, or give --skip-invalid", line, why)
		default:
			left(line, why)
		}
	}
}
