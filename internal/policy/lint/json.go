package lint

import "encoding/json"

// MarshalJSON writes a finding with the members of ValidatePolicy's, but for
// the link.
func (f Finding) MarshalJSON() ([]byte, error) {
	path := []map[string]any{}
	for _, s := range f.Path {
		switch {
		case s.IsIndex:
			path = append(path, map[string]any{"index": s.Index})
		case s.IsKey:
			path = append(path, map[string]any{"key": s.Name})
		default:
			path = append(path, map[string]any{"value": s.Name})
		}
	}
	type span struct {
		Start Position `json:"start"`
		End   Position `json:"end"`
	}
	type location struct {
		Path []map[string]any `json:"path"`
		Span span             `json:"span"`
	}
	return json.Marshal(struct {
		Type      FindingType `json:"findingType"`
		Code      string      `json:"issueCode"`
		Message   string      `json:"findingDetails"`
		Locations []location  `json:"locations"`
	}{f.Type, f.Code, f.Message, []location{{path, span{f.Start, f.End}}}})
}
