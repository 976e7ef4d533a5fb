package principal

import "testing"

func TestIssuerARN(t *testing.T) {
	for _, tt := range []struct {
		s    Session
		want string
	}{
		{Session{Kind: Federated, Account: "111122223333", ID: "AIDA1", Name: "maria", Path: "/eng/", SessionName: "Bob"}, "arn:aws:iam::111122223333:user/eng/maria"},
		{Session{Kind: Federated, Account: "111122223333", ID: "111122223333", SessionName: "Bob"}, ""},
		{Session{Kind: User, Account: "111122223333", ID: "AIDA1", Name: "maria"}, ""},
		{Session{Kind: AssumedRole, Account: "111122223333", ID: "AROA1", Name: "Dev", SessionName: "s"}, ""},
	} {
		if got := tt.s.IssuerARN(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.s, got, tt.want)
		}
	}
}
