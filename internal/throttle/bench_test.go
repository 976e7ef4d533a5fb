package throttle

import (
	"net/netip"
	"testing"
	"time"
)

var home = netip.MustParseAddr("192.0.2.7")

func BenchmarkGuess(b *testing.B) {
	t := New(Options{Now: time.Now})
	b.ReportAllocs()
	for b.Loop() {
		k, err := t.Guess(home, "arn:aws:ds:us-east-1:111122223333:directory/d-1234567890", "0f8fad5b-d9cb-469f-a165-70867728950e")
		if err != nil {
			b.Fatal(err)
		}
		k.Released()
	}
}

func BenchmarkWork(b *testing.B) {
	t := New(Options{Now: time.Now})
	b.ReportAllocs()
	for b.Loop() {
		k, err := t.Work(home, "arn:aws:iam::111122223333:saml-provider/Example")
		if err != nil {
			b.Fatal(err)
		}
		k.Succeeded()
	}
}

func BenchmarkGuessAfterSuccess(b *testing.B) {
	t := New(Options{Now: time.Now})
	b.ReportAllocs()
	for b.Loop() {
		k, err := t.Guess(home, "arn:aws:ds:us-east-1:111122223333:directory/d-1234567890", "0f8fad5b-d9cb-469f-a165-70867728950e")
		if err != nil {
			b.Fatal(err)
		}
		k.Succeeded()
	}
}
