package seal

const (
	frozenKeyID  = ""
	frozenSecret = ""
	frozenToken  = ""
)
