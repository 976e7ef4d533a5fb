package sts

import (
	"os"
	"testing"

	"sojourn/internal/sojourntest"
)

func TestMain(m *testing.M) { os.Exit(sojourntest.Run(m)) }
