package wire_test

import (
	"testing"

	"sojourn/internal/wire"
	"sojourn/internal/wire/stswire"
)

// The product's bound on a call's own work is in milliseconds; decoding and
// encoding may take 20 µs of it.
func BenchmarkAssumeRole(b *testing.B) {
	op := stswire.Service().Operations["AssumeRole"]
	in := encodeQuery(&stswire.AssumeRoleInput{RoleArn: new("arn:aws:iam::111122223333:role/CodeCommitAccess"),
		RoleSessionName: new("Maria_Garcia"), DurationSeconds: new(int64(3600)),
		Tags: []stswire.Tag{{Key: new("team"), Value: new("storage")}}})
	in.Set("Action", "AssumeRole")
	in.Set("Version", "2011-06-15")
	out := assumed()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op.DecodeQuery(in); err != nil {
			b.Fatal(err)
		}
		if _, err := wire.EncodeXML(stswire.Service(), op, out, "01234567-89ab-4def-8123-456789abcdef"); err != nil {
			b.Fatal(err)
		}
	}
}
