package postgrestest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Archive is a setting by which a server archives its log; see Restored.
const Archive = "archive_command=cp %p ../archive/%f"

func (s *Server) archive() string { return filepath.Join(s.dir, "archive") }

// Standby makes a server that follows s: no commit is answered before the standby
// has it, too.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	b := s.Copy(t, "-R")
	for _, step := range []func() error{
		b.Run,
		func() error { return s.admin("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'") },
		func() error { return s.admin("SELECT pg_reload_conf()") },
		func() error {
			return s.await("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'quorum'")
		},
	} {
		if err := step(); err != nil {
			t.Fatalf("a standby: %v\n%s", err, b.Log())
		}
	}
	return b
}

// Promote makes a standby a server of its own.
func (s *Server) Promote() error {
	if err := s.command("pg_ctl", "promote", "-D", s.data(), "-w").Run(); err != nil {
		return fmt.Errorf("promoting a standby: %w\n%s", err, s.Log())
	}
	return nil
}

// Copy makes a server of a base backup of s, which is not run yet.
func (s *Server) Copy(t testing.TB, flags ...string) *Server {
	t.Helper()
	c := &Server{settings: s.settings, bin: s.bin, user: s.user}
	t.Cleanup(c.Remove)
	for _, step := range []func() error{c.makeDir, c.takePort, func() error { return c.backup(s, flags) }} {
		if err := step(); err != nil {
			t.Fatalf("a copy of a PostgreSQL server: %v", err)
		}
	}
	return c
}

// backup takes the password from a file, which a standby goes on to use.
func (s *Server) backup(from *Server, flags []string) error {
	host, port, err := net.SplitHostPort(from.Addr)
	if err != nil {
		return err
	}
	passwords := filepath.Join(s.dir, "passwords")
	if err := os.WriteFile(passwords, []byte(strings.Join([]string{host, port, "*", "sojourn", Password}, ":")+"\n"), 0o600); err != nil {
		return err
	}
	if err := s.own(passwords); err != nil {
		return err
	}
	args := append([]string{"-D", s.data(), "-h", host, "-p", port, "-U", "sojourn", "-X", "stream", "-c", "fast", "--no-sync"}, flags...)
	c := s.command("pg_basebackup", args...)
	c.Env = append(c.Env, "PGPASSFILE="+passwords)
	if err := c.Run(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, s.Log())
	}
	return nil
}

// Restored runs a copy of from, with the log that from has archived since, to its
// end or to where a setting recovery_target_… says.
func (s *Server) Restored(from *Server, target ...string) error {
	signal := filepath.Join(s.data(), "recovery.signal")
	if err := os.WriteFile(signal, nil, 0o644); err != nil {
		return err
	}
	s.settings = append([]string{"restore_command=cp " + from.archive() + "/%f %p", "recovery_target_action=promote"}, target...)
	if err := s.Run(); err != nil {
		return err
	}
	return s.await("SELECT NOT pg_is_in_recovery()")
}

// SwitchLog makes s archive its log up to now.
func (s *Server) SwitchLog() error {
	var file string
	err := s.ask("SELECT pg_walfile_name(pg_switch_wal())", &file)
	if err != nil {
		return err
	}
	return s.await("SELECT last_archived_wal >= '" + file + "' FROM pg_stat_archiver")
}

// await waits until a question is answered with yes.
func (s *Server) await(question string) error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var yes bool
		err := s.ask(question, &yes)
		if err == nil && yes {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: %v, %w\n%s", question, yes, err, s.Log())
		}
	}
}

func (s *Server) ask(question string, answer any) error {
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return db.QueryRowContext(ctx, question).Scan(answer)
}
