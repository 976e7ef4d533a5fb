package clienttest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// Proxy is an HTTP proxy that opens tunnels and counts them.
type Proxy struct {
	*httptest.Server
	Tunnels atomic.Int64
}

// NewProxy starts one; it is the caller's to close.
func NewProxy() *Proxy {
	p := &Proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only tunnels", http.StatusMethodNotAllowed)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		p.Tunnels.Add(1)
		io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			io.Copy(there, buffered)
			there.(*net.TCPConn).CloseWrite()
		}()
		io.Copy(here, there)
	}))
	return p
}
