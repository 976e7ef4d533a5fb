package git_test

import "os"

func maxMemory(*os.ProcessState) int64 { return 0 }
