package audit

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// filled is a record with value in every field.
func filled(value string) Record {
	issued := time.Unix(1_700_000_000, 5).UTC()
	r := Record{EventTime: issued, Statement: 7, Identity: Identity{Issued: &issued}, Params: map[string]string{"b": value, "a": "x", value: "y"}}
	for _, v := range []reflect.Value{reflect.ValueOf(&r).Elem(), reflect.ValueOf(&r.Identity).Elem()} {
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String {
				f.SetString(value)
			}
		}
	}
	return r
}

func sameAsLibrary(t *testing.T, r Record) {
	t.Helper()
	got, err := encode(&r)
	want, wantErr := json.Marshal(r)
	if (err == nil) != (wantErr == nil) || err == nil && string(got) != string(want)+"\n" {
		t.Errorf("%s %v\nwant %s %v", got, err, want, wantErr)
	}
}

func TestEncodeIsTheLibrarys(t *testing.T) {
	sameAsLibrary(t, Record{})
	sameAsLibrary(t, Record{EventTime: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)})
	for _, value := range []string{"plain", "", `"`, `\`, "a\nb", "<>&", "\x00", "\x7f", "é", "\u2028", "\xff", "{", ","} {
		sameAsLibrary(t, filled(value))
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:user/maria")
	f.Add("git/2.53 \"\\<\u2028\xff")
	f.Fuzz(func(t *testing.T, value string) { sameAsLibrary(t, filled(value)) })
}

func BenchmarkRecord(b *testing.B) {
	l, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	r := filled("arn:aws:iam::111122223333:user/maria")
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := l.Record(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
