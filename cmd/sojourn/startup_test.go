package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// Git waits for "sojourn credential-helper" at each fetch. What our packages
// make before main begins is made for every command: tables and grammars are
// to be made when they are first needed.
func TestStartMakesNoTables(t *testing.T) {
	const limit = 48 << 10
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, "-test.run=^$")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := regexp.MustCompile(`(?m)^init (sojourn/\S+) @.* (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(string(out), -1)
	total := 0
	for _, m := range lines {
		n, _ := strconv.Atoi(m[2])
		total += n
	}
	if len(lines) == 0 || total > limit {
		t.Errorf("%d packages of ours allocate %d bytes before main begins, more than %d:\n%s", len(lines), total, limit, out)
	}
}
