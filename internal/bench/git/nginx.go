package main

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// startNginx runs git http-backend behind nginx and fcgiwrap, as git's manual
// describes it, with eight processes of fcgiwrap.
func startNginx(dir, repositories string) (*peer, error) {
	address, err := freePort()
	if err != nil {
		return nil, err
	}
	backend, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	socket, config := filepath.Join(dir, "fcgi"), filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, dir, address, socket, string(backend[:len(backend)-1])+"/git-http-backend", repositories)
	for path, content := range map[string]string{config: text, filepath.Join(dir, "passwords"): benchUser + ":{PLAIN}" + benchPassword + "\n"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	p := &peer{name: "http-backend", url: &url.URL{Scheme: "http", Host: address}, path: dotGit, password: onePassword,
		again: func() (*peer, error) { return startNginx(dir+"-idle", repositories) }}
	if err := p.launch(exec.Command("fcgiwrap", "-c", "8", "-s", "unix:"+socket)); err != nil {
		return p, fmt.Errorf("fcgiwrap (Debian's package of that name): %w", err)
	}
	start := time.Now()
	if err := p.launch(exec.Command("nginx", "-c", config, "-e", filepath.Join(dir, "errors"))); err != nil {
		return p, fmt.Errorf("nginx: %w", err)
	}
	p.ready, err = until(address, start)
	return p, err
}

const nginxConfig = `daemon off; worker_processes 2; pid %[1]s/pid; user root;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path %[1]s/body; fastcgi_temp_path %[1]s/temp; proxy_temp_path %[1]s/proxy;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  client_max_body_size 0; keepalive_requests 1000000; sendfile on; tcp_nodelay on;
  server {
    listen %[2]s;
    auth_basic git; auth_basic_user_file %[1]s/passwords;
    location / {
      fastcgi_pass unix:%[3]s; fastcgi_buffering off; fastcgi_request_buffering off; fastcgi_read_timeout 600;
      fastcgi_param SCRIPT_FILENAME %[4]s;
      fastcgi_param GIT_PROJECT_ROOT %[5]s;
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR $remote_addr;
    }
  }
}
`
