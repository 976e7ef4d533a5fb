package sts

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sojourn/internal/policy"
	"sojourn/internal/policy/lint"
	"sojourn/internal/store"
	"sojourn/internal/wire/stswire"
)

// recipe is what a page of docs/identity says: its JSON blocks, and what is registered.
type recipe struct {
	trusts, claims []string
	url, client    string // "" for a built-in provider
}

var (
	jsonBlock    = regexp.MustCompile("(?s)```json\n(.*?)```")
	registration = regexp.MustCompile(`create-open-id-connect-provider --url https://(\S+) --client-id-list (\S+)`)
)

func readRecipe(t *testing.T, page string) (r recipe) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "identity", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range jsonBlock.FindAllStringSubmatch(string(b), -1) {
		if strings.Contains(m[1], `"Statement"`) {
			r.trusts = append(r.trusts, m[1])
		} else {
			r.claims = append(r.claims, m[1])
		}
	}
	if m := registration.FindSubmatch(b); m != nil {
		r.url, r.client = string(m[1]), string(m[2])
	}
	return r
}

// TestRecipes: the trust policy of each page lets in the token that the page
// shows, and no other, and the linter has nothing against it.
func TestRecipes(t *testing.T) {
	for _, page := range []string{"github-actions.md", "gitlab.md", "kubernetes.md", "entra.md", "okta.md", "google.md", "cognito.md", "keycloak.md"} {
		t.Run(page, func(t *testing.T) {
			r := readRecipe(t, page)
			if len(r.trusts) != 1 || len(r.claims) != 1 {
				t.Fatalf("%d trust policies and %d lists of claims", len(r.trusts), len(r.claims))
			}
			r.clean(t)
			r.try(t)
		})
	}
}

// try signs in with the page's claims, and with others.
func (r recipe) try(t *testing.T) {
	w := newWorld(t)
	var claims map[string]any
	if err := json.Unmarshal([]byte(r.claims[0]), &claims); err != nil {
		t.Fatal(err)
	}
	url := strings.TrimPrefix(claims["iss"].(string), "https://")
	other := "InvalidIdentityToken" // what a token for another client gets
	if r.url == "" {
		other = denied
	} else {
		w.update(func(tx store.Tx) error {
			return tx.InsertOIDCProvider(store.OIDCProvider{Account: here, URL: r.url, ClientIDs: []string{r.client}, Created: w.time})
		})
	}
	issue := w.issuers(url)
	role := w.role(here, "Deploy", r.trusts[0])
	for name, x := range map[string]struct {
		change map[string]any
		code   string
	}{
		"as shown":        {nil, ""},
		"another subject": {map[string]any{"sub": claims["sub"].(string) + "x"}, denied},
		"another client":  {map[string]any{"aud": "other", "azp": nil}, other},
	} {
		token := maps.Clone(claims)
		maps.Copy(token, x.change)
		maps.DeleteFunc(token, func(_ string, v any) bool { return v == nil })
		_, err := w.web(role, stswire.AssumeRoleWithWebIdentityInput{WebIdentityToken: issue(token)})
		wantError(t, name, err, x.code, "")
	}
}

func (r recipe) clean(t *testing.T) {
	t.Helper()
	for _, text := range r.trusts {
		if found := lint.Check(policy.Trust, text); len(found) > 0 {
			t.Errorf("findings %+v", found)
		}
	}
}

// TestAccessTokenRecipe is the same for the providers that are asked at each sign-in.
func TestAccessTokenRecipe(t *testing.T) {
	r := readRecipe(t, "amazon-facebook.md")
	r.clean(t)
	if len(r.trusts) != 2 || len(r.claims) != 0 {
		t.Fatalf("%d trust policies, claims %q", len(r.trusts), r.claims)
	}
	for i, provider := range []string{"www.amazon.com", "graph.facebook.com"} {
		p, err := policy.Parse(policy.Trust, r.trusts[i])
		if err != nil || !slices.Contains(p.ContextKeys(), provider+":app_id") || !strings.Contains(r.trusts[i], `{"Federated": "`+provider+`"}`) {
			t.Errorf("%s: %v", provider, err)
		}
	}
}

// TestSAMLRecipe: the linter has nothing against the trust policy of the page on AD FS.
func TestSAMLRecipe(t *testing.T) {
	r := readRecipe(t, "adfs.md")
	r.clean(t)
	if len(r.trusts) != 1 || !strings.Contains(r.trusts[0], "SAML:aud") {
		t.Errorf("trust policies %q", r.trusts)
	}
}
