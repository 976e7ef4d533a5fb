// Package directorytest runs real directories for tests: OpenLDAP's slapd and
// Samba as an Active Directory domain controller, as child processes on loopback
// in a directory of the test's own, filled with the same people.
//
// "make parts" installs both. Samba must be started by root, for it serves the
// ports of LDAP.
package directorytest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Passwords of the people, and of the service account "sojourn".
const (
	Password        = "Al1ce-Secret!"
	ServicePassword = "S3rvice-Secret!"
)

// Directory is a running one.
type Directory struct {
	LDAP, LDAPS string // URLs
	CA          string // PEM file
	BindDN      string // the service account's
	BaseDN      string
	Log         string // file with what it printed

	process *exec.Cmd
	done    chan struct{}
}

// Stop ends the directory and waits for its end.
func (d *Directory) Stop() {
	d.process.Process.Kill()
	<-d.done
}

// start runs a directory's server until Stop, and returns when it answers.
func (d *Directory) start(dir string, c *exec.Cmd, addr string) error {
	d.Log = filepath.Join(dir, "log")
	log, err := os.Create(d.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	dieWithTest(c)
	if err := c.Start(); err != nil {
		return fmt.Errorf("a part of the tests is missing (make parts installs it): %w", err)
	}
	d.process, d.done = c, make(chan struct{})
	go func() {
		c.Wait()
		close(d.done)
	}()
	return d.await(addr)
}

// patience is for a machine that has other things to do.
const patience = 60 * time.Second

func (d *Directory) await(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-d.done:
			printed, _ := os.ReadFile(d.Log)
			return fmt.Errorf("%s ended at its start:\n%s", d.process.Path, printed)
		case <-ctx.Done():
			d.Stop()
			printed, _ := os.ReadFile(d.Log)
			return fmt.Errorf("%s does not answer at %s:\n%s", d.process.Path, addr, printed)
		case <-again.C:
		}
	}
}

// run runs a command to its end.
func run(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "TDB_NO_FSYNC=1") // what a test has need not survive a power loss
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// Certificates makes an authority, and a certificate of it for hosts, as
// ca.pem, cert.pem and key.pem in dir.
func Certificates(dir string, hosts ...string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "directory's authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hosts[0]}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{"ca.pem": {Type: "CERTIFICATE", Bytes: caDER}, "cert.pem": {Type: "CERTIFICATE", Bytes: der},
		"key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// freeAddress is a loopback address at which nothing listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
