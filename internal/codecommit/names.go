package codecommit

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"sojourn/internal/lazyre"
	"sojourn/internal/refname"
	"sojourn/internal/store"
	"sojourn/internal/wire/codecommitwire"
)

// Limits of CodeCommit.
const (
	maxDescription = 1000
	maxTags        = 50
	maxTagKey      = 128
	maxTagValue    = 256
)

var namePattern = lazyre.New(`^[A-Za-z0-9_.-]{1,100}$`)

// repositoryName checks a name that a request gives.
func repositoryName(p *string) (string, error) {
	name := value(p)
	if name == "" {
		return "", codecommitwire.NewRepositoryNameRequired("A value for repositoryName is required, but none was given.")
	}
	return name, checkName(name)
}

// checkName says whether a repository may have this name. Beyond the model's
// pattern, a name may not end in ".git", as on AWS, may not be "." or "..", and
// may not begin with "-", which a program that is handed the name takes for an
// option.
func checkName(name string) error {
	if namePattern.MatchString(name) && name != "." && name != ".." && name[0] != '-' && !strings.HasSuffix(strings.ToLower(name), ".git") {
		return nil
	}
	return codecommitwire.NewInvalidRepositoryName("The repository name is not valid. Repository names can be any valid combination of letters, " +
		"numbers, periods, underscores, and dashes between 1 and 100 characters in length. Names are case sensitive. " +
		"A name may not be \".\" or \"..\", begin with a dash, or end in \".git\".")
}

// branchName checks a branch's short name.
func branchName(p *string) (string, error) {
	name := value(p)
	if name == "" {
		return "", codecommitwire.NewBranchNameRequired("A value for branchName is required, but none was given.")
	}
	if err := refname.CheckBranch(name); err != nil {
		return "", codecommitwire.NewInvalidBranchName("The branch name is not valid: %s.", err)
	}
	return name, nil
}

// commitID checks a full object id; git knows it in lower case.
func commitID(p *string) (string, error) {
	id := value(p)
	if id == "" {
		return "", codecommitwire.NewCommitIdRequired("A value for commitId is required, but none was given.")
	}
	if !refname.IsObjectID(id) {
		return "", codecommitwire.NewInvalidCommitId("The commit ID is not valid. It must be the full 40 hexadecimal digits.")
	}
	return strings.ToLower(id), nil
}

func description(p *string) (string, error) {
	text := value(p)
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxDescription {
		return "", codecommitwire.NewInvalidRepositoryDescription("The repository description is not valid. It may have up to %d characters.", maxDescription)
	}
	return text, nil
}

var tagText = lazyre.New(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// tagsOf checks the tags of a request and puts them in order of their keys. Two
// keys that differ in case only are refused: a policy could not tell them apart.
func tagsOf(m map[string]string) ([]store.Tag, error) {
	if len(m) > maxTags {
		return nil, codecommitwire.NewTooManyTags("A repository may have no more than %d tags.", maxTags)
	}
	tags := make([]store.Tag, 0, len(m))
	seen := make(map[string]bool, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := checkTag(key, m[key]); err != nil {
			return nil, err
		}
		if seen[strings.ToLower(key)] {
			return nil, codecommitwire.NewInvalidTagsMap("The tags hold two keys that differ in case only.")
		}
		seen[strings.ToLower(key)] = true
		tags = append(tags, store.Tag{Key: key, Value: m[key]})
	}
	return tags, nil
}

func checkTag(key, text string) error {
	switch {
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return codecommitwire.NewInvalidSystemTagUsage("A tag key may not begin with \"aws:\", which is reserved.")
	case key == "" || utf8.RuneCountInString(key) > maxTagKey || !tagText.MatchString(key) || strings.TrimSpace(key) != key:
		return codecommitwire.NewInvalidTagsMap("A tag key is not valid: it has 1 to %d letters, digits, spaces or _ . : / = + - @, and no space at its ends.", maxTagKey)
	case utf8.RuneCountInString(text) > maxTagValue || !tagText.MatchString(text):
		return codecommitwire.NewInvalidTagsMap("A tag value is not valid: it has at most %d letters, digits, spaces or _ . : / = + - @.", maxTagValue)
	}
	return nil
}
