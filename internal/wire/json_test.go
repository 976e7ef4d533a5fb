package wire_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/wire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

var services = []*wire.Service{stswire.Service(), iamwire.Service(), codecommitwire.Service(), sinkService}

func TestDecodeJSON(t *testing.T) {
	op := codecommitwire.Service().Operations["CreateRepository"]
	got, err := op.DecodeJSON([]byte(`{"repositoryName":"R","kmsKeyId":null,"tags":{"team":"a","x":""},"RepositoryDescription":"other case","later":[{"a":{}},1,null,true]}`))
	want := &codecommitwire.CreateRepositoryInput{RepositoryName: new("R"), Tags: map[string]string{"team": "a", "x": ""}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := codecommitwire.Service().Operations["ListRepositories"].DecodeJSON(nil); err != nil || got == nil {
		t.Errorf("an empty body: %v, %v", got, err)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	want := full()
	b, err := wire.EncodeJSON(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := sinkOp.DecodeJSON(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s\ngot %+v, %v", b, got, err)
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	deep := strings.Repeat(`{"x":`, 40) + "1" + strings.Repeat("}", 40)
	for _, tt := range []struct{ name, body, text string }{
		{"no JSON", `{`, "valid JSON"},
		{"two documents", `{} {}`, "valid JSON"},
		{"not UTF-8", "{\"Name\":\"\xff\"}", "valid JSON"},
		{"list", `[]`, "Start of list"},
		{"null", `null`, "NULL_VALUE"},
		{"text", `"x"`, "STRING_VALUE can not be converted to a Structure"},
		{"name twice", `{"Name":"a","Name":"b"}`, "more than once"},
		{"escaped name twice", `{"Name":"a","N\u0061me":"b"}`, "more than once"},
		{"unknown name twice", `{"q":{"a":1,"a":2}}`, "more than once"},
		{"key twice", `{"Tags":{"a":"b","a":"c"}}`, "more than once"},
		{"deep", deep, "too deep"},
		{"deep lists", `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}", "too deep"},
		{"number for text", `{"Name":1}`, "NUMBER_VALUE can not be converted to a String"},
		{"truth for text", `{"Name":true}`, "TRUE_VALUE can not be converted to a String"},
		{"text for number", `{"Count":"1"}`, "STRING_VALUE can not be converted to an Integer"},
		{"fraction", `{"Count":1.5}`, "an Integer"},
		{"text for time", `{"When":"2026-01-02T03:04:05Z"}`, "a Timestamp"},
		{"time out of range", `{"When":1e300}`, "a Timestamp"},
		{"object for text", `{"Name":{}}`, "Start of structure"},
		{"list for text", `{"Name":[]}`, "Start of list"},
		{"object for list", `{"Names":{}}`, "Start of structure"},
		{"list for map", `{"Tags":[]}`, "Start of list"},
		{"null in a list", `{"Names":[null]}`, "NULL_VALUE"},
		{"null in a map", `{"Tags":{"a":null}}`, "NULL_VALUE"},
		{"blob", `{"Data":"@"}`, "a Blob"},
		{"long list", `{"Flat":[""` + strings.Repeat(`,""`, 1000) + `]}`, "too many"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sinkOp.DecodeJSON([]byte(tt.body))
			if !awserr.Is(err, "SerializationException") || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
		})
	}
}

func TestEncodeJSON(t *testing.T) {
	day := time.Unix(1446071622, 494e6)
	for _, tt := range []struct {
		out  any
		want string
	}{
		{&codecommitwire.GetRepositoryOutput{RepositoryMetadata: &codecommitwire.RepositoryMetadata{
			RepositoryName: new("a\"b\u2028\x01é"), CreationDate: &day, Arn: new("arn:x")}},
			`{"repositoryMetadata":{"repositoryName":"a\"b` + "\u2028" + `\u0001é","creationDate":1446071622.494,"Arn":"arn:x"}}`},
		{&codecommitwire.ListRepositoriesOutput{}, `{"repositories":[]}`},
		{&codecommitwire.BatchGetRepositoriesOutput{RepositoriesNotFound: []string{"x"}}, `{"repositories":[],"repositoriesNotFound":["x"],"errors":[]}`},
		{&codecommitwire.DeleteRepositoryOutput{}, `{}`},
	} {
		got, err := wire.EncodeJSON(tt.out)
		if err != nil || string(got) != tt.want {
			t.Errorf("got  %s, %v\nwant %s", got, err, tt.want)
		}
	}
	if _, err := wire.EncodeJSON((*codecommitwire.GetRepositoryOutput)(nil)); err == nil {
		t.Error("nothing is encoded as something")
	}
	if got := string(wire.EncodeJSONError("XException", "a\nb")); got != `{"__type":"XException","message":"a\nb"}` {
		t.Error(got)
	}
}
