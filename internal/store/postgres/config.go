package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// config is a URL that was understood.
type config struct {
	pgx   *pgx.ConnConfig
	conns int // of each pool
}

const defaultConns = 8

// parse reads a URL. Its errors hold no password.
func parse(text string) (*config, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the database's address: want postgres://USER@HOST:PORT/NAME")
	}
	c, q := &config{conns: defaultConns}, u.Query()
	if n := q.Get("pool_max_conns"); n != "" {
		if c.conns, err = strconv.Atoi(n); err != nil || c.conns < 2 || c.conns > 1000 {
			return nil, fmt.Errorf("the database's address: pool_max_conns %q: want 2 to 1000", n)
		}
		q.Del("pool_max_conns")
	}
	if !q.Has("sslmode") && os.Getenv("PGSSLMODE") == "" && !isLocal(u, q) {
		q.Set("sslmode", "verify-full")
	}
	u.RawQuery = q.Encode()
	if c.pgx, err = pgx.ParseConfig(u.String()); err != nil {
		return nil, fmt.Errorf("the database's address: %s", reason(err))
	}
	if c.pgx.ConnectTimeout == 0 {
		c.pgx.ConnectTimeout = 5 * time.Second
	}
	c.pgx.RuntimeParams["application_name"] = "sojourn"
	c.pgx.DialFunc = dial
	return c, nil
}

// reason is what was wrong with a URL, without the URL.
func reason(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return inner.Error()
	}
	return "it cannot be read"
}

// isLocal reports whether the URL's hosts are this machine, by number or by the
// name localhost, or a socket.
func isLocal(u *url.URL, q url.Values) bool {
	hosts := []string{u.Host}
	if h := q.Get("host"); h != "" {
		hosts = []string{h}
	} else if u.Host == "" {
		hosts = []string{os.Getenv("PGHOST")}
	}
	for host := range strings.SplitSeq(strings.Join(hosts, ","), ",") {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if host != "" && host != "localhost" && !strings.HasPrefix(host, "/") && (err != nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// shown is the address for people: no user, no password.
func (c *config) shown() string {
	return fmt.Sprintf("%q on %s", c.pgx.Database, net.JoinHostPort(c.pgx.Host, strconv.Itoa(int(c.pgx.Port))))
}

// dial notices a server that has gone without a word in half a minute.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}}
	return d.DialContext(ctx, network, addr)
}

// session prepares a connection, or refuses and closes it: the library would
// leave it open.
func session(ctx context.Context, c *pgx.Conn) error {
	err := prepare(ctx, c)
	if err != nil {
		c.Close(ctx)
	}
	return err
}

// prepare makes a connection what the port's promises need, or refuses it:
// a commit survives the server's crash, it is no replica that lags behind, and
// a node that stops for good in the middle does not hold its locks for ever.
func prepare(ctx context.Context, c *pgx.Conn) error {
	var version int
	var fsync, pages, encoding string
	var replica bool
	err := c.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('fsync'),
		current_setting('full_page_writes'), current_setting('server_encoding'), pg_is_in_recovery(),
		set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
			ELSE current_setting('synchronous_commit') END, false),
		set_config('idle_in_transaction_session_timeout', '20s', false), set_config('default_transaction_read_only', 'off', false)`,
	).Scan(&version, &fsync, &pages, &encoding, &replica, nil, nil, nil)
	switch {
	case err != nil:
		return err
	case version < 150000:
		return fmt.Errorf("PostgreSQL %d is too old: want 15 or newer", version/10000)
	case fsync != "on" || pages != "on":
		return fmt.Errorf("the server has fsync=%s and full_page_writes=%s, and so loses commits when it crashes: turn both on", fsync, pages)
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s: make one with ENCODING 'UTF8'", encoding)
	case replica:
		return errors.New("the server is a replica, and behind the one that commits: name the primary, or both with target_session_attrs=read-write")
	}
	return nil
}
