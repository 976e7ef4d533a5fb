package wire_test

import (
	"bytes"
	"net/url"
	"reflect"
	"strconv"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/wire"
	"sojourn/internal/wire/accessanalyzerwire"
	"sojourn/internal/wire/codecommitwire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

// maxError bounds what any input can make an error say.
const maxError = 256 << 10

func itoa(n int) string { return strconv.Itoa(n) }

func checkError(t *testing.T, err error) {
	t.Helper()
	e := awserr.From(err)
	if e.Code == awserr.InternalFailure || e.Status != 400 || len(e.Message) > maxError {
		t.Fatalf("%d %s, %d bytes", e.Status, e.Code, len(e.Message))
	}
}

// What is accepted reads the same again after a client has written it.
func FuzzDecodeQuery(f *testing.F) {
	f.Add("Action=AssumeRole&" + role + "&Tags.member.1.Key=a&Tags.member.3.Value=b&DurationSeconds=900")
	f.Add(encodeQuery(full()).Encode())
	f.Add("RoleName=r&AssumeRolePolicyDocument={}&Tags=&MaxSessionDuration=3600&Path=/a/")
	ops := []*wire.Operation{stswire.Service().Operations["AssumeRole"], iamwire.Service().Operations["CreateRole"], sinkOp}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for _, op := range ops {
			in, err := op.DecodeQuery(values)
			if err != nil {
				checkError(t, err)
				continue
			}
			again, err := op.DecodeQuery(encodeQuery(in.(wire.Shaped)))
			if err != nil || !reflect.DeepEqual(in, again) {
				t.Fatalf("%q: %+v became %+v, %v", query, in, again, err)
			}
		}
	})
}

// What is accepted reads the same again after we have written it.
func FuzzDecodeJSON(f *testing.F) {
	b, err := wire.EncodeJSON(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"repositoryName":"R","tags":{"a":"b"},"later":[{"x":[1,2.5e3,null]}]}`))
	f.Add([]byte(`{"repositoryNames":["a","b"]}`))
	cc := codecommitwire.Service().Operations
	ops := []*wire.Operation{cc["CreateRepository"], cc["BatchGetRepositories"], sinkOp}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, op := range ops {
			in, err := op.DecodeJSON(body)
			if err != nil {
				checkError(t, err)
				continue
			}
			first, err := wire.EncodeJSON(in)
			if err != nil {
				t.Fatal(err)
			}
			again, err := op.DecodeJSON(first)
			if err != nil {
				t.Fatalf("%s became %s: %v", body, first, err)
			}
			if second, err := wire.EncodeJSON(again); err != nil || !bytes.Equal(first, second) {
				t.Fatalf("%s became %s, %v", first, second, err)
			}
		}
	})
}

// Members of the query string come from there alone.
func FuzzDecodeREST(f *testing.F) {
	const body = `{"policyDocument":"{}","policyType":"IDENTITY_POLICY","locale":"EN"}`
	f.Add("maxResults=5&nextToken=a%20b", body)
	f.Add("", `{"policyDocument":"","policyType":"RESOURCE_POLICY","maxResults":7,"nextToken":"x"}`)
	f.Add("maxResults=1&maxResults=2", body)
	f.Add("maxResults=", body)
	op := accessanalyzerwire.Service().Operations["ValidatePolicy"]
	f.Fuzz(func(t *testing.T, query, body string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		got, err := op.DecodeREST(nil, values, []byte(body))
		if err != nil {
			checkError(t, err)
			return
		}
		in := got.(*accessanalyzerwire.ValidatePolicyInput)
		if (in.NextToken != nil) != (len(values["nextToken"]) == 1) || (in.MaxResults != nil) != (len(values["maxResults"]) == 1) {
			t.Fatalf("%q with %q gives %+v", query, body, in)
		}
	})
}
