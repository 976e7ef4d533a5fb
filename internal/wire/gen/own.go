package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// ownModels say in the published models' form what AWS has not: a whole service,
// or operations and shapes that are added to a published one.
//
//go:embed models/*.json
var ownModels embed.FS

// modelOf is the model of a service: the published one and what we add to it,
// or ours alone.
func modelOf(dir string, s service) (*model, error) {
	own, err := loadOwn(ownModels, s.name)
	switch {
	case s.own || err != nil && !errors.Is(err, fs.ErrNotExist):
		return own, err
	}
	published, loadErr := loadModel(dir, s.name)
	if loadErr != nil || err != nil {
		return published, loadErr
	}
	return published, published.add(own)
}

func loadOwn(files fs.FS, service string) (*model, error) {
	b, err := fs.ReadFile(files, "models/"+service+".json")
	if err != nil {
		return nil, fmt.Errorf("our model of %s: %w", service, err)
	}
	m := new(model)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("our model of %s: %w", service, err)
	}
	return m, nil
}

// add adds operations and shapes. One that is there is not replaced: a
// published name that comes later must not change its meaning unseen.
func (m *model) add(own *model) error {
	for name, op := range own.Operations {
		if _, taken := m.Operations[name]; taken {
			return fmt.Errorf("the published model has an operation %s as well", name)
		}
		m.Operations[name] = op
	}
	for name, s := range own.Shapes {
		if m.Shapes[name] != nil {
			return fmt.Errorf("the published model has a shape %s as well", name)
		}
		m.Shapes[name] = s
	}
	return nil
}
