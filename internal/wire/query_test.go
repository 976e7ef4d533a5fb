package wire_test

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"sojourn/internal/awserr"
	"sojourn/internal/wire"
	"sojourn/internal/wire/iamwire"
	"sojourn/internal/wire/stswire"
)

func form(t *testing.T, query string) url.Values {
	t.Helper()
	f, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const role = "RoleArn=arn:aws:iam::111122223333:role/R&RoleSessionName=Maria_Garcia"

func TestDecodeQuery(t *testing.T) {
	op := stswire.Service().Operations["AssumeRole"]
	got, err := op.DecodeQuery(form(t, "Action=AssumeRole&Version=2011-06-15&"+role+"&DurationSeconds=900"+
		"&PolicyArns.member.1.arn=arn:aws:iam::111122223333:policy/P&TransitiveTagKeys.member.1=a&Unknown.thing=x"+
		"&Tags.member.7.Key=second&Tags.member.7.Value=&Tags.member.2.Value=v&Tags.member.2.Key=first"))
	if err != nil {
		t.Fatal(err)
	}
	want := &stswire.AssumeRoleInput{
		RoleArn: new("arn:aws:iam::111122223333:role/R"), RoleSessionName: new("Maria_Garcia"), DurationSeconds: new(int64(900)),
		PolicyArns:        []stswire.PolicyDescriptorType{{Arn: new("arn:aws:iam::111122223333:policy/P")}},
		TransitiveTagKeys: []string{"a"},
		Tags:              []stswire.Tag{{Key: new("first"), Value: new("v")}, {Key: new("second"), Value: new("")}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// A list parameter with no text is an empty list, which has a length to check.
func TestDecodeQueryEmptyList(t *testing.T) {
	_, err := stswire.Service().Operations["AssumeRole"].DecodeQuery(form(t, role+"&ProvidedContexts="))
	if err == nil || !strings.Contains(err.Error(), "Value '[]' at 'providedContexts' failed to satisfy constraint: Member must have length greater than or equal to 1") {
		t.Error(err)
	}
}

func TestDecodeQueryRoundTrip(t *testing.T) {
	want := full()
	got, err := sinkOp.DecodeQuery(encodeQuery(want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeQueryRefuses(t *testing.T) {
	many := strings.Builder{}
	for i := range 1001 {
		many.WriteString("&Flat." + strconv.Itoa(i+1) + "=x")
	}
	crowd := strings.Builder{}
	for i := range 5001 {
		crowd.WriteString("&p" + strconv.Itoa(i) + "=")
	}
	for _, tt := range []struct{ name, query, code, text string }{
		{"twice", "Name=a&Name=a", "MalformedQueryString", "more than once"},
		{"unknown twice", "x=a&x=a", "MalformedQueryString", "more than once"},
		{"too many", crowd.String(), "MalformedQueryString", "5000"},
		{"not UTF-8", "Name=%ff", "MalformedQueryString", "UTF-8"},
		{"number", "Count=abc", "MalformedInput", `"abc" is not a valid integer`},
		{"sensitive is not repeated", "Secret.x=hush", "MalformedInput", "below a plain value"},
		{"number with sign", "Count=%2B1", "MalformedInput", "integer"},
		{"number empty", "Count=", "MalformedInput", "integer"},
		{"number overflow", "Count=99999999999999999999", "MalformedInput", "integer"},
		{"number spaced", "Count=+1", "MalformedInput", "integer"},
		{"float NaN", "Ratio=NaN", "MalformedInput", "number"},
		{"boolean", "On=True", "MalformedInput", "boolean"},
		{"time", "When=yesterday", "MalformedInput", "timestamp"},
		{"time NaN", "When=NaN", "MalformedInput", "timestamp"},
		{"blob", "Data=@", "MalformedInput", "blob"},
		{"below a plain value", "Name.member.1=a", "MalformedInput", "below a plain value"},
		{"plain value for a list", "Names=a", "MalformedInput", "list is expected"},
		{"plain value beside items", "Names=&Names.member.1=a", "MalformedInput", "list is expected"},
		{"plain value for a structure", "Inner=a", "MalformedInput", "structure is expected"},
		{"plain value for a map", "Tags=a", "MalformedInput", "map is expected"},
		{"list without member", "Names.1=a", "MalformedInput", "list element"},
		{"index zero", "Names.member.0=a", "MalformedInput", "list element"},
		{"two spellings of an index", "Names.member.01=a&Names.member.1=a", "MalformedInput", "list element"},
		{"index negative", "Names.member.-1=a", "MalformedInput", "list element"},
		{"index huge", "Names.member.18446744073709551617=a", "MalformedInput", "list element"},
		{"index missing", "Names.member=a", "MalformedInput", "list element"},
		{"long list", many.String(), "MalformedInput", "1000 elements"},
		{"pair without value", "Tags.entry.1.key=a", "MalformedInput", "lacks"},
		{"pair without key", "Tags.entry.1.value=a", "MalformedInput", "lacks"},
		{"neither key nor value", "Tags.entry.1.x=a", "MalformedInput", "neither"},
		{"key twice", "Tags.entry.1.key=a&Tags.entry.1.value=b&Tags.entry.2.key=a&Tags.entry.2.value=c", "MalformedInput", "more than once"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sinkOp.DecodeQuery(form(t, tt.query))
			if !awserr.Is(err, tt.code) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %s with %q", err, tt.code, tt.text)
			}
		})
	}
}

// Every generated input must survive its own encoding, with gaps and defaults.
func TestGeneratedDescriptorsFitTheirStructs(t *testing.T) {
	for _, s := range services {
		for name, op := range s.Operations {
			in := op.NewInput().(wire.Shaped)
			if in.WireShape() != op.Input || op.Name != name {
				t.Errorf("%s.%s: the descriptor is another's", s.Name, name)
			}
			fits(t, reflect.TypeOf(in).Elem(), op.Input)
		}
	}
}

// fits checks that the struct typ has the fields that s says, in its order.
func fits(t *testing.T, typ reflect.Type, s *wire.Shape) {
	t.Helper()
	if typ.NumField() != len(s.Members) {
		t.Fatalf("%v has %d fields, its shape %d members", typ, typ.NumField(), len(s.Members))
	}
	for i, m := range s.Members {
		if f := typ.Field(i); !strings.EqualFold(f.Name, m.Name) {
			t.Errorf("%v: field %s stands for member %s", typ, f.Name, m.Name)
		}
	}
}

func TestDecodeQueryOfIAM(t *testing.T) {
	op := iamwire.Service().Operations["CreateOpenIDConnectProvider"]
	got, err := op.DecodeQuery(form(t, "Url=https://idp.example.com/x&ClientIDList.member.1=sts.amazonaws.com&ThumbprintList="))
	if err != nil {
		t.Fatal(err)
	}
	in := got.(*iamwire.CreateOpenIDConnectProviderInput)
	if *in.Url != "https://idp.example.com/x" || len(in.ClientIDList) != 1 || in.ThumbprintList == nil || in.Tags != nil {
		t.Errorf("got %+v", in)
	}
}
