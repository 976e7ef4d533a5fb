package cache

import (
	"reflect"
	"testing"
)

// Whatever a file holds, decode takes it for nothing or for an entry that encode writes the same way.
func FuzzEntry(f *testing.F) {
	f.Add(encode(entry(1)))
	f.Add([]byte(`{"Credentials":{"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"2026-11-23T01:49:20+01:00"},"Issued":"2026-11-23T00:49:20Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decode(data)
		if err != nil {
			return
		}
		again, err := decode(encode(e))
		if err != nil || !reflect.DeepEqual(again.Credentials, e.Credentials) || again.Expires.Unix() != e.Expires.Unix() || again.Issued.Unix() != e.Issued.Unix() {
			t.Fatalf("%q came back as %+v, %v", data, again, err)
		}
	})
}
