package machines

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sojourn/internal/sojourntest"
)

const inside = "SOJOURN_TEST_NAMESPACE"

// With the addresses that EC2 and ECS have, programs sign in with nothing set at
// all. The test has a network of its own, in which it may take them; where the
// system lets nobody have one, Python's connections to them are handed on to
// loopback.
func TestWellKnownAddresses(t *testing.T) {
	if os.Getenv(inside) == "" && namespace(t) {
		return
	}
	own := os.Getenv(inside) != ""
	if own {
		loopback(t, "lo", [4]byte{127, 0, 0, 1})
		loopback(t, "lo:1", [4]byte{169, 254, 169, 254})
		loopback(t, "lo:2", [4]byte{169, 254, 170, 2})
	}
	w := newWorld(t)
	token := t.TempDir() + "/token"
	args := append(w.identity(w.root.Machine("build-1")), "--role-arn", w.role, "--container-token-file", token)
	nothing := func() *sojourntest.Shell {
		return w.Shell(bin).Set("AWS_EC2_METADATA_DISABLED", "").Set("AWS_DEFAULT_REGION", "us-east-1")
	}
	env := map[string]string{}
	if !own {
		l := w.lend(args...)
		plain := nothing
		nothing = func() *sojourntest.Shell { return handOn(plain(), strings.TrimPrefix(l.url, "http://")) }
		env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = l.url // in Go nobody can hand on what the SDK dials
	} else {
		w.lend(append(args, "--listen", "169.254.169.254:80", "--listen", "169.254.170.2:80")...)
	}
	text, err := os.ReadFile(token)
	if err != nil {
		t.Fatal(err)
	}
	sojourntest.Secret("container token", string(text))
	want := "arn:aws:sts::" + sojourntest.Account + ":assumed-role/Builder/"
	if who := nothing().Run("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); !strings.HasPrefix(who, want) {
		t.Errorf("aws on a machine is %s", who)
	}
	container := nothing().Set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/credentials").Set("AWS_CONTAINER_AUTHORIZATION_TOKEN", string(text))
	if who := container.Set("AWS_EC2_METADATA_DISABLED", "true").Run("python3", "-c", askWho); !strings.HasPrefix(who, want) {
		t.Errorf("botocore in a container is %s", who)
	}
	if who := goSDK(t, w, env); !strings.HasPrefix(who, want) {
		t.Errorf("Go on a machine is %s", who)
	}
}

// handOn makes Python connect to loopback where it would to EC2's or ECS's addresses.
func handOn(sh *sojourntest.Shell, to string) *sojourntest.Shell {
	host, port, _ := net.SplitHostPort(to)
	sh.Write("python/sitecustomize.py", `import socket
class Handed(socket.socket):
    def connect(self, address):
        if isinstance(address, tuple) and address[0].startswith("169.254."):
            address = ("`+host+`", `+port+`)
        return super().connect(address)
socket.socket = Handed
`)
	return sh.Set("PYTHONPATH", sh.Home+"/python")
}

// namespace runs this test again in a network of its own, and reports false where
// nobody may have one.
func namespace(t *testing.T) bool {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWellKnownAddresses$", "-test.v")
	c.Env = append(os.Environ(), inside+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if id := os.Getuid(); id != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := c.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		return false
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: TestWellKnownAddresses") {
		t.Errorf("%v\n%s", err, out)
	}
	return true
}

// loopback gives the loopback interface an address.
func loopback(t *testing.T, name string, address [4]byte) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetInet4Addr(address[:]); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if r, err = unix.NewIfreq(name); err != nil {
		t.Fatal(err)
	}
	r.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
