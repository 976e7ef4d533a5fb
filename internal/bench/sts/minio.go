package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/secret"
	"sojourn/internal/sigv4"
)

// startMinIO runs MinIO's server on an empty directory. Its AssumeRole is called
// with the root user's key: it takes no role's name, and has no trust policy to decide.
func startMinIO(program, dir string) (*world, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	l.Close()
	user := sigv4.Credentials{AccessKeyID: "benchmark", Secret: secret.New("of-the-benchmark")}
	c := exec.Command(program, "server", "--quiet", "--address", address, dir)
	c.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "MINIO_ROOT_USER=" + user.AccessKeyID, "MINIO_ROOT_PASSWORD=" + user.Secret.Reveal()}
	if err := c.Start(); err != nil {
		return nil, err
	}
	w := &world{process: c, http: &http.Client{}, user: user, target: target{url: &url.URL{Scheme: "http", Host: address}}}
	w.usage = func(name string) (float64, error) { return processMetric(c.Process.Pid, name) }
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		resp, err := w.http.Get(w.url.String() + "/minio/health/ready")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return w, nil
		}
	}
	return nil, errors.Join(errors.New("MinIO is not ready after 10 seconds"), w.stop())
}

// processMetric is what our server's /metrics tell, of a process of another's.
func processMetric(pid int, name string) (float64, error) {
	const ticks = 100 // a second, on Linux
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 22 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	number := func(i int) (n float64) {
		if err == nil {
			n, err = strconv.ParseFloat(fields[i], 64)
		}
		return n
	}
	if name == "process_resident_memory_bytes" {
		return number(21) * float64(os.Getpagesize()), err
	}
	return (number(11) + number(12)) / ticks, err
}
