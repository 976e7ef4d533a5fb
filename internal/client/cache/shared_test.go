package cache

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The names that the AWS CLI (botocore 1.43) gives to the same sessions.
func TestSharedKeys(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:role/R"
	for want, got := range map[string]string{
		"9f6de0e54f0bab369e7d3e83f0126cd6be8735a2": RoleKey(Member{Name: "RoleArn", Text: arn}, Member{Name: "ExternalId"}),
		"87121a654c5f59e05181fe236a5856daca6ada8c": RoleKey(Member{Name: "RoleSessionName", Text: "sess"}, Member{Name: "RoleArn", Text: arn},
			Member{Name: "ExternalId", Text: "ext"}, Member{Name: "DurationSeconds", Text: "43200", Bare: true}),
		"1df999945003a2f2638b44c45949f93a6088f83b": RoleKey(Member{Name: "RoleArn", Text: arn}, Member{Name: "SerialNumber", Text: "arn:aws:iam::111122223333:mfa/u"}),
		"96130de6de3a9325997e31bc748f60a8aabf21e4": SSOKey(Member{Name: "startUrl", Text: "https://x.awsapps.com/start"},
			Member{Name: "roleName", Text: "Admin"}, Member{Name: "accountId", Text: "111122223333"}),
		"360f093cdc0bddf23eecc38b9cb6222fca5a195a": SSOKey(Member{Name: "sessionName", Text: "my-sso"},
			Member{Name: "roleName", Text: "Admin"}, Member{Name: "accountId", Text: "111122223333"}),
		"0ad374308c5a4e22f723adf10145eafad7c4031c": SHA1("my-sso"),
		// {"ExternalId": "\u00e9\"\\\u007f\n\ud83d\ude00/<"}
		SHA1(`{"ExternalId": "\u00e9\"\\\u007f\n\ud83d\ude00/<"}`): RoleKey(Member{Name: "ExternalId", Text: "é\"\\\x7f\n😀/<"}),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// What the AWS CLI wrote is read, in both forms of its times; the last five minutes are not used.
func TestSharedLoad(t *testing.T) {
	s := SharedUnder(t.TempDir())
	for name, text := range map[string]string{
		"z":   `{"Credentials":{"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-23T13:00:00Z","AccountId":"1"},"AssumedRoleUser":{},"ResponseMetadata":{}}`,
		"utc": `{"Credentials":{"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-23T13:00:00UTC"}}`,
	} {
		if err := WriteFile(filepath.Join(string(s), name+".json"), []byte(text)); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[string]bool{"2026-11-23T12:54:59Z": true, "2026-11-23T12:55:00Z": false} {
			now, _ := time.Parse(time.RFC3339, at)
			if e, ok := s.Load(name, now); ok != want || ok && (e.AccessKeyID != "ASIA" || e.Token != "t") {
				t.Errorf("%s at %s: %v, %v", name, at, e, ok)
			}
		}
	}
}

// A store into the AWS CLI's directory clears nothing of the CLI's away.
func TestSharedKeeps(t *testing.T) {
	s := SharedUnder(t.TempDir())
	old := filepath.Join(string(s), "old.json")
	if err := WriteFile(old, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-100 * time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	if err := s.Store("new", Entry{Issued: time.Now(), Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err != nil {
		t.Error(err)
	}
}
