// Package s3test runs an S3 server (versitygw on a directory) for a test, on
// loopback. It can be killed and started again on the same data.
package s3test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// The server's one user. The secret is a name that a test can look for.
const (
	AccessKeyID = "s3test-access-key"
	SecretKey   = "s3test-secret-access-key-0123456789abcdef"
)

// Domain is under which a bucket is a host name of the server.
const Domain = "s3test.example"

// Server is an S3 server.
type Server struct {
	Addr string // HOST:PORT

	dir     string
	process *exec.Cmd
	made    atomic.Int64
}

// Start makes a server, which ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := StartForMain()
	if err != nil {
		t.Fatalf("versitygw: %v", err)
	}
	t.Cleanup(s.Remove)
	return s
}

// StartForMain is Start for a TestMain, which calls Remove at the end.
func StartForMain() (*Server, error) {
	s := &Server{}
	var err error
	if s.dir, err = os.MkdirTemp("", "sojourn-s3-"); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		s.Addr = l.Addr().String()
		err = l.Close()
	}
	if err == nil {
		err = s.Run()
	}
	if err != nil {
		s.Remove()
		return nil, err
	}
	return s, nil
}

// program is the server's binary, which "make parts" builds.
func program() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../../../.build/bin/versitygw")
}

// Run starts the server that Kill has ended.
func (s *Server) Run() error {
	data := filepath.Join(s.dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command(program(), "--port", s.Addr, "--quiet", "--keep-alive", "--virtual-domain", Domain, "posix", data)
	// A program that is not ours may have secrets in its environment.
	s.process.Env = []string{"SOJOURN_TEST_USER=1", "ROOT_ACCESS_KEY=" + AccessKeyID, "ROOT_SECRET_KEY=" + SecretKey, "PATH=/usr/bin:/bin", "HOME=" + s.dir}
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("%w (\"make parts\" builds it)", err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := s.request(http.MethodGet, "/")
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("it does not answer: %w\n%s", err, s.Log())
		}
	}
}

// Kill ends the server at once.
func (s *Server) Kill() {
	if s.process == nil || s.process.Process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGKILL)
	_ = s.process.Wait()
	s.process = nil
}

// Remove ends the server and removes its data.
func (s *Server) Remove() {
	s.Kill()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// Log is what the server has printed.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(b)
}

// Bucket makes a new bucket and returns its s3:// URL.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	url, err := s.NewBucket(fmt.Sprintf("bucket-%d", s.made.Add(1)))
	if err != nil {
		t.Fatalf("versitygw: %v", err)
	}
	return url
}

// NewBucket makes a bucket of a name and returns its s3:// URL.
func (s *Server) NewBucket(name string) (string, error) {
	if err := s.request(http.MethodPut, "/"+name); err != nil {
		return "", fmt.Errorf("making bucket %s: %w", name, err)
	}
	return "s3://" + name + "?endpoint=http://" + s.Addr, nil
}

// File is where the server keeps an object of a bucket.
func (s *Server) File(bucket, key string) string { return filepath.Join(s.dir, "data", bucket, key) }

// Getenv is an environment with the server's credentials.
func Getenv(name string) string {
	return map[string]string{"AWS_ACCESS_KEY_ID": AccessKeyID, "AWS_SECRET_ACCESS_KEY": SecretKey}[name]
}

func (s *Server) request(method, path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.Addr+path, nil)
	if err != nil {
		return err
	}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	r.Header.Set("X-Amz-Content-Sha256", empty)
	sigv4.SignHeader(r, empty, sigv4.Credentials{AccessKeyID: AccessKeyID, Secret: secret.New(SecretKey)}, "s3", "us-east-1", time.Now())
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", res.Status, body)
	}
	return nil
}
