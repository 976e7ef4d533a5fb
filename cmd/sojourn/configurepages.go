package main

import "slices"

func configurePage() page {
	p := page{synopsis: "configure [COMMAND] [ARGUMENTS] [--profile NAME]",
		about: "Reads and writes ~/.aws/config and ~/.aws/credentials as \"aws configure\" does. Without a command it asks for " +
			"keys, region and output format, one after the other; an empty answer leaves what is there.",
		wordsAre: "Commands",
		more: "A KEY is a setting of the profile (region), of another one (profile.NAME.region), or inside a block (s3.max_queue_size). " +
			"To sign in without keys, \"sojourn login\" writes a profile.",
		example: "sojourn configure set role_arn arn:aws:iam::111111111111:role/CodeCommitAccess --profile CodeAccess"}
	for _, w := range configureWords {
		p.words = append(p.words, row2{w.name, w.summary})
	}
	return p
}

type configureWord struct {
	name, summary, synopsis, about, example string
	flags                                   []row2
}

// configureWords are the commands below "configure".
var configureWords = []configureWord{
	{"set", "write a setting", "KEY [VALUE]", "Writes a setting. Without a VALUE it is read from standard input, so that a secret need not stand on the command line.",
		"sojourn configure set region eu-central-1 --profile CodeAccess", nil},
	{"get", "print a setting", "KEY", "Prints a setting; exit status 1, and no word, when it is not set.", "sojourn configure get region --profile CodeAccess", nil},
	{"list", "show the profile, the region and where they come from", "", "Shows the profile, where its keys are from, the region, and which file or variable says so. Nothing of a secret key is shown.",
		"sojourn configure list --profile CodeAccess", nil},
	{"list-profiles", "print the names of the profiles", "", "Prints the names of the profiles in both files, one a line.", "sojourn configure list-profiles", nil},
	{"import", "take access keys out of the console's CSV file", "--csv file://PATH", "Takes access keys out of the CSV file that the AWS console gives (columns User Name, Access key ID, Secret access key) and writes a profile for each user.",
		"sojourn configure import --csv file://credentials.csv --profile-prefix work-",
		[]row2{{"--csv file://PATH", "the file; or the text itself"}, {"--profile-prefix PREFIX", "goes in front of each profile's name"}, {"--skip-invalid", "leave lines out that cannot be read"}}},
	{"export-credentials", "print a profile's credentials for other programs", "[--format FORMAT]", "The same as \"sojourn export-credentials\", whose help lists the formats.",
		"sojourn configure export-credentials --profile CodeAccess --format env", []row2{{"--format FORMAT", "process, env, powershell, fish, …"}}},
}

func configureWordPage(name string) (page, bool) {
	i := slices.IndexFunc(configureWords, func(w configureWord) bool { return w.name == name })
	if i < 0 {
		return page{}, false
	}
	w := configureWords[i]
	return page{synopsis: "configure " + w.name + " " + w.synopsis + " [--profile NAME]", about: w.about, example: w.example,
		flags: append(slices.Clone(w.flags), row2{"--profile NAME", "the profile that is meant"})}, true
}
