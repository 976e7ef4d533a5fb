package git

import "errors"

// ErrNoRepository says that the repository does not exist, or no longer.
var ErrNoRepository = errors.New("the repository does not exist")

// ErrUnknownOutcome says that a commit's answer was lost and could not be had
// again. The caller must not report success or failure.
var ErrUnknownOutcome = errors.New("whether the change was committed is not known")

// refusal is why one ref was not changed. Its text is for the user.
type refusal string

func (r refusal) Error() string { return string(r) }

// The reasons to refuse one ref's update. RefResult.Err is or wraps one of them.
const (
	ErrDenied        = refusal("You don't have permission to push changes to this branch") // CodeCommit's words
	ErrName          = refusal("invalid ref name")
	ErrHidden        = refusal("this ref is reserved")
	ErrDuplicate     = refusal("the ref is named more than once in this push")
	ErrStale         = refusal("the ref has changed meanwhile; fetch and try again")
	ErrExists        = refusal("the ref exists already")
	ErrAbsent        = refusal("the ref does not exist")
	ErrConflict      = refusal("the name conflicts with another ref's")
	ErrDefaultBranch = refusal("the default branch cannot be deleted; make another branch the default first")
	ErrMissing       = refusal("missing necessary objects")
	ErrNotCommit     = refusal("a branch must point to a commit")
	ErrShallow       = refusal("shallow update not allowed: the repository lacks the history before it; git fetch --unshallow and push again")
	ErrUnpack        = refusal("unpacker error")
	ErrAtomic        = refusal("atomic push failure: another ref was refused")
	ErrQuota         = refusal("the account's storage quota is used up")
	ErrDisk          = refusal("the server cannot write to its disk, which is full or read-only; nothing was changed: tell its administrator, and push again")
	ErrFrozen        = refusal("the server's data is being moved and can only be read; push again when that is done")
	ErrExpired       = refusal("the upload took too long and was given up; push again")
)

// denial is ErrDenied and why. The report has CodeCommit's words alone, which
// tools know; the reason goes beside it.
type denial struct{ why string }

func (denial) Error() string { return ErrDenied.Error() }
func (denial) Unwrap() error { return ErrDenied }
