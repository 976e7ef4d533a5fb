package main

// commandList is made by hand, in the order in which help shows it.
func commandList() []command {
	return []command{
		{"login", "sign in by browser, code, SAML or password; write a profile", runLogin},
		{"logout", "remove what login wrote, and kept sessions", runLogout},
		{"whoami", "tell who the credentials belong to and how long they live", runWhoami},
		{"setup", "set git up for a server: helper, credentials, submodules", runSetup},
		{"doctor", "find what is wrong with git, profiles, network and clock", runDoctor},
		{"configure", "read and write profiles, as \"aws configure\" does", runConfigure},
		{"export-credentials", "print credentials for shells and other programs", runExportCredentials},
		{"sign-url", "print the signed HTTPS URL of a codecommit:// URL", runSignURL},
		{"credential-helper", "answer git's credential protocol", runCredentialHelper},
		{"sts", "get temporary credentials, as \"aws sts\" does", runSTS},
		{"iam", "administer users, roles, policies, as \"aws iam\" does", runIAM},
		{"ds", "administer LDAP directories that people sign in at", runDS},
		{"codecommit", "administer repositories, as \"aws codecommit\" does", runCodeCommit},
		{"explain", "tell what you may do, and why a request was refused", runExplain},
		{"policy", "check policies for mistakes before they are stored", runPolicy},
		{"serve", "serve Git and the STS, IAM and CodeCommit APIs", runServe},
		{"admin", "administer a server's data directory", runAdmin},
		{"audit", "verify, search, follow and export a server's audit log", runAudit},
		{"metadata", "lend a machine's role to the programs on it", runMetadata},
		{"completion", "print the completion script of a shell", runCompletion},
		{"man", "print a command's manual page", runMan},
		{"demo", "walk through clone, push and pull on a server of its own", runDemo},
		{"version", "print the version", runVersion},
	}
}
