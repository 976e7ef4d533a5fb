package apicall

import (
	"errors"
	"strings"
	"testing"

	"sojourn/internal/wire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
)

// answers posts by giving out bodies in turn, and keeps what was asked.
func answers(asked *[]string, bodies ...string) func(Request) (int, []byte, error) {
	return func(r Request) (int, []byte, error) {
		*asked = append(*asked, string(r.Body))
		if len(bodies) == 0 {
			return 0, nil, errors.New("asked once too often")
		}
		body := bodies[0]
		bodies = bodies[1:]
		return 200, []byte(body), nil
	}
}

func group(name, pages string) string {
	return `<GetGroupResponse><GetGroupResult><Group><GroupName>Dev</GroupName></Group><Users><member><UserName>` + name + `</UserName></member></Users>` +
		pages + `</GetGroupResult></GetGroupResponse>`
}

func TestPages(t *testing.T) {
	const more = "<IsTruncated>true</IsTruncated><Marker>m&lt;1&gt;</Marker>"
	for _, c := range []struct {
		name   string
		s      *wire.Service
		line   string
		bodies []string
		asked  string // in the last request
		want   string // without white space; an error's text otherwise
	}{
		{"two pages of IAM", iamwire.Service(), "get-group --group-name Dev", []string{group("a&amp;b", more), group("c", "<IsTruncated>false</IsTruncated>")},
			"Marker=m%3C1%3E", `{"Users":[{"UserName":"a&b"},{"UserName":"c"}],"Group":{"GroupName":"Dev"}}`},
		{"one page", iamwire.Service(), "get-group --group-name Dev", []string{group("a", "<IsTruncated>false</IsTruncated>")},
			"GroupName=Dev", `{"Users":[{"UserName":"a"}],"Group":{"GroupName":"Dev"}}`},
		{"a token that does not count", iamwire.Service(), "get-group --group-name Dev", []string{group("a", "<IsTruncated>false</IsTruncated><Marker>m</Marker>")},
			"GroupName=Dev", `{"Users":[{"UserName":"a"}],"Group":{"GroupName":"Dev"}}`},
		{"a page that the caller wants", iamwire.Service(), "get-group --group-name Dev --max-items 1", []string{group("a", more)},
			"MaxItems=1", `{"Group":{"GroupName":"Dev"},"Users":[{"UserName":"a"}],"IsTruncated":true,"Marker":"m<1>"}`},
		{"the caller goes on", iamwire.Service(), "get-group --group-name Dev --marker m0", []string{group("a", more)},
			"Marker=m0", `{"Group":{"GroupName":"Dev"},"Users":[{"UserName":"a"}],"IsTruncated":true,"Marker":"m<1>"}`},
		{"the same page for ever", iamwire.Service(), "get-group --group-name Dev", []string{group("a", more), group("a", more)},
			"Marker=m%3C1%3E", "the server gave a page of GetGroup twice"},
		{"CodeCommit", codecommitwire.Service(), "list-branches --repository-name r", []string{`{"branches":["a<b"],"nextToken":"t1"}`, `{"branches":[],"nextToken":"t2"}`, `{"branches":["c"]}`},
			`"nextToken":"t2"`, `{"branches":["a<b","c"]}`},
		{"not a list", codecommitwire.Service(), "list-branches --repository-name r", []string{`{"branches":["a"],"nextToken":"t1"}`, `{"branches":1}`},
			`"nextToken":"t1"`, "the server's answer is not understood"},
	} {
		line := strings.Fields(c.line)
		o, err := Find(c.s, line[0])
		if err != nil {
			t.Fatal(err)
		}
		in, err := ParseInput(o, line[1:])
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		out, err := Call(c.s, o, in, answers(&asked, c.bodies...))
		if err != nil {
			out = err.Error()
		}
		if got := strings.Join(strings.Fields(out), ""); got != c.want && !(err != nil && strings.HasPrefix(out, c.want)) {
			t.Errorf("%s: %s", c.name, out)
		}
		if len(asked) != len(c.bodies) || !strings.Contains(asked[len(asked)-1], c.asked) {
			t.Errorf("%s: asked %q, want %q in the last of %d", c.name, asked, c.asked, len(c.bodies))
		}
	}
}

func FuzzPages(f *testing.F) {
	f.Add([]byte(`{"branches":["a"],"nextToken":"t"}`), []byte(`{"branches":["b"]}`))
	o, _ := Find(codecommitwire.Service(), "list-branches")
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var asked []string
		out, err := Call(codecommitwire.Service(), o, Input{"repositoryName": "r"}, answers(&asked, string(first), string(second)))
		if err == nil && !strings.HasSuffix(out, "}\n") || err != nil && out != "" {
			t.Errorf("%q %v", out, err)
		}
	})
}
