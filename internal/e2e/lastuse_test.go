package e2e

import (
	"testing"

	"sojourn/internal/node"
	"sojourn/internal/sojourntest"
)

// When keys and roles were last used is gathered in memory; a server that stops in order writes it.
func TestLastUsesSurviveARestart(t *testing.T) {
	s := sojourntest.Start(t)
	root := &api{t: t, s: s, cred: s.Root("")}
	root.role("Reader", trustAccount(sojourntest.Account), allow("codecommit:*"))
	user := root.asUser("maria")
	role := &api{t: t, s: s, cred: credentials(user.query("sts", "Action", "AssumeRole", "RoleSessionName", "session",
		"RoleArn", "arn:aws:iam::"+sojourntest.Account+":role/Reader"))}
	role.json("ListRepositories", "{}")
	s.Restart()
	key := root.query("iam", "Action", "GetAccessKeyLastUsed", "AccessKeyId", user.cred.AccessKeyID)
	if key["LastUsedDate"] == "" || key["ServiceName"] != "sts" || key["Region"] != node.DefaultRegion || key["UserName"] != "maria" {
		t.Errorf("the key: %v", key)
	}
	used := root.query("iam", "Action", "GetRole", "RoleName", "Reader")
	if used["LastUsedDate"] == "" || used["Region"] != node.DefaultRegion {
		t.Errorf("the role: %v", used)
	}
}
