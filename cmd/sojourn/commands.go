package main

// commands are listed by hand, in the order in which help shows them.
var commands = []command{
	{"serve", "serve Git and the STS, IAM and CodeCommit APIs", runServe},
	{"admin", "administer a server's data directory: credentials, accounts", runAdmin},
	{"configure", "read and write profiles, as \"aws configure\" does", runConfigure},
	{"sts", "get temporary credentials, as \"aws sts\" does", runSTS},
	{"iam", "administer users, roles, policies and providers, as \"aws iam\" does", runIAM},
	{"ds", "administer LDAP directories that people sign in at", runDS},
	{"codecommit", "administer repositories and branches, as \"aws codecommit\" does", runCodeCommit},
	{"explain", "tell who you are, what you may do, and why a request was refused", runExplain},
	{"policy", "check policies for mistakes before they are stored", runPolicy},
	{"sign-url", "print the signed HTTPS URL of a codecommit:// URL", runSignURL},
	{"credential-helper", "answer git's credential protocol", runCredentialHelper},
	{"demo", "walk through clone, push and pull with temporary credentials", runDemo},
}
