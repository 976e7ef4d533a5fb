package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// supplements are operations that a service documents in words and leaves out
// of its published model, written down here in the form of the models.
//
//go:embed supplements/*.json
var supplements embed.FS

// supplement adds the operations and shapes of supplements/SERVICE.json, if
// there is one. What the model has itself is not replaced.
func (m *model) supplement(service string) error {
	text, err := supplements.ReadFile("supplements/" + service + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var more model
	if err := json.Unmarshal(text, &more); err != nil {
		return fmt.Errorf("reading the supplement of %s: %w", service, err)
	}
	for name, op := range more.Operations {
		if _, there := m.Operations[name]; there {
			return fmt.Errorf("the model of %s has the operation %s, which is in its supplement", service, name)
		}
		m.Operations[name] = op
	}
	for name, s := range more.Shapes {
		if _, there := m.Shapes[name]; there {
			return fmt.Errorf("the model of %s has the shape %s, which is in its supplement", service, name)
		}
		m.Shapes[name] = s
	}
	return nil
}
