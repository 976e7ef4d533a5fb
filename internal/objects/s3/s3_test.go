package s3_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sojourn/internal/objects"
	"sojourn/internal/objects/objectstest"
	"sojourn/internal/objects/s3"
	"sojourn/internal/objects/s3/s3test"
)

var server *s3test.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = s3test.StartForMain(); err != nil {
		fmt.Println("versitygw:", err)
		os.Exit(1)
	}
	status := m.Run()
	server.Remove()
	os.Exit(status)
}

func open(t *testing.T, opt s3.Options) *s3.Store {
	t.Helper()
	opt.Now = time.Now
	if opt.Getenv == nil {
		opt.Getenv = s3test.Getenv
	}
	s, err := s3.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	objectstest.Run(t, func(t *testing.T) objects.Store { return open(t, s3.Options{URL: server.Bucket(t)}) })
}

// A prefix is a store of its own, and large blobs go up in parts.
func TestStoreUnderAPrefix(t *testing.T) {
	url := server.Bucket(t)
	n := 0
	objectstest.Run(t, func(t *testing.T) objects.Store {
		n++
		return open(t, s3.Options{URL: strings.Replace(url, "?", fmt.Sprintf("/team/store-%d?", n), 1), PartSize: 5 << 20})
	})
}

// With the bucket in the host's name.
func TestStoreByHostName(t *testing.T) {
	objectstest.Run(t, func(t *testing.T) objects.Store {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(server.Bucket(t), "s3://"), "?")
		s, err := s3.OpenAt(t.Context(), s3.Options{URL: "s3://" + bucket + "?style=virtual&plain-http=allow&endpoint=http://" + s3test.Domain, Getenv: s3test.Getenv}, server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}
