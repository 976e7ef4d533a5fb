package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// model is the part of a service-2.json that the generator reads.
type model struct {
	Metadata struct {
		APIVersion   string `json:"apiVersion"`
		Protocol     string `json:"protocol"`
		TargetPrefix string `json:"targetPrefix"`
		XMLNamespace string `json:"xmlNamespace"`
	} `json:"metadata"`
	Operations map[string]operation `json:"operations"`
	Shapes     map[string]*shape    `json:"shapes"`
}

type operation struct {
	HTTP struct {
		Method string `json:"method"`
		URI    string `json:"requestUri"`
		Status int    `json:"responseCode"`
	} `json:"http"`
	Input  *ref  `json:"input"`
	Output *ref  `json:"output"`
	Errors []ref `json:"errors"`
}

// ref is a use of a shape with the traits of that use.
type ref struct {
	Shape           string          `json:"shape"`
	LocationName    string          `json:"locationName"`
	Location        string          `json:"location"`
	ResultWrapper   string          `json:"resultWrapper"`
	Flattened       bool            `json:"flattened"`
	XMLAttribute    bool            `json:"xmlAttribute"`
	XMLNamespace    json.RawMessage `json:"xmlNamespace"`
	TimestampFormat string          `json:"timestampFormat"`

	// AlsoInBody is our own: a parameter of the query string that may stand in
	// the body instead.
	AlsoInBody bool `json:"alsoInBody"`
}

type shape struct {
	Type            string          `json:"type"`
	Members         members         `json:"members"`
	Required        []string        `json:"required"`
	Member          *ref            `json:"member"`
	Key             *ref            `json:"key"`
	Value           *ref            `json:"value"`
	Min             *int64          `json:"min"`
	Max             *int64          `json:"max"`
	Pattern         string          `json:"pattern"`
	Enum            []string        `json:"enum"`
	Sensitive       bool            `json:"sensitive"`
	Flattened       bool            `json:"flattened"`
	Document        bool            `json:"document"`
	Union           bool            `json:"union"`
	Payload         string          `json:"payload"`
	XMLNamespace    json.RawMessage `json:"xmlNamespace"`
	TimestampFormat string          `json:"timestampFormat"`
	Fault           bool            `json:"fault"`
	Error           *struct {
		Code   string `json:"code"`
		Status int    `json:"httpStatusCode"`
	} `json:"error"`
}

// members keeps the model's order, in which answers are written.
type members struct {
	names []string
	refs  map[string]ref
}

func (m *members) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &m.refs); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		m.names = append(m.names, name.(string))
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return err
		}
	}
	return nil
}

// loadModel reads the newest version of a service's model under dir.
func loadModel(dir, service string) (*model, error) {
	found, err := filepath.Glob(filepath.Join(dir, service, "*", "service-2.json*"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("no model of %s under %q", service, dir)
	}
	name := slices.Max(found)
	b, err := readModel(name)
	if err != nil {
		return nil, err
	}
	m := new(model)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("reading model %q: %w", name, err)
	}
	return m, nil
}

func readModel(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening model: %w", err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("reading model %q: %w", name, err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading model %q: %w", name, err)
	}
	return b, nil
}

// check refuses traits that package wire does not implement.
func (r ref) check() error {
	switch {
	case r.Location != "" && r.Location != "querystring" && r.Location != "uri":
		return fmt.Errorf("shape %s: location %q is not supported", r.Shape, r.Location)
	case r.XMLAttribute:
		return fmt.Errorf("shape %s: xmlAttribute is not supported", r.Shape)
	case r.XMLNamespace != nil:
		return fmt.Errorf("shape %s: xmlNamespace of a member is not supported", r.Shape)
	}
	return nil
}

func (s *shape) check() error {
	switch {
	case s.Document: // a union is a structure whose writer fills one member
		return errors.New("documents are not supported")
	case s.Payload != "":
		return errors.New("payload members are not supported")
	case s.XMLNamespace != nil:
		return errors.New("xmlNamespace of a shape is not supported")
	}
	return nil
}
