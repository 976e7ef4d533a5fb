package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"sojourn/internal/server/metrics"
)

// floorCommand is the argument by which this program runs itself as the floor.
const floorCommand = "floor"

// serveFloor is the least that a server in Go can do: it reads a request with
// net/http and answers as many bytes as AssumeRole does, always the same.
func serveFloor() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	answer := []byte(strings.Repeat("x", 1250))
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics.New())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, min(r.ContentLength, 4096))
		if _, err := r.Body.Read(body); err != nil && r.ContentLength == 0 {
			http.Error(w, "no body", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		w.Write(answer)
	})
	fmt.Printf("listening on http://%s\n", l.Addr())
	return http.Serve(l, mux)
}

// startFloor runs the floor as a process of its own.
func startFloor() (*world, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return run(exec.Command(self, floorCommand))
}
