package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"runtime"
	"time"

	"sojourn/internal/client/apicall"
	"sojourn/internal/client/config"
	"sojourn/internal/client/doctor"
	"sojourn/internal/client/session"
	"sojourn/internal/wire/stswire"
)

func runDoctor(ctx context.Context, a *app, args []string) error {
	var c clientFlags
	flags := newFlags(a, "doctor [FLAGS] [URL]",
		"Looks at git, the helper, the configuration files, stored passwords, the server, the clock and the credentials, and says what is wrong and what to do. "+
			"With a codecommit:// URL it also tries to read that repository. It changes nothing and prints no secret. Exit status 1 when there is a problem; warnings are none.",
		"sojourn doctor codecommit://CodeAccess@MyDemoRepo")
	c.register(flags)
	c.registerEndpoint(flags)
	asJSON := flags.Bool("json", false, "print JSON: check, status, text, fix")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 1 {
		return usagef("doctor: want one URL, such as codecommit://PROFILE@REPOSITORY")
	}
	d := doctor.Doctor{Env: config.Env(a.env()), Now: time.Now, GOOS: runtime.GOOS, Remote: flags.Arg(0), LookPath: exec.LookPath, Run: doctor.Exec,
		Options: session.Options{Profile: c.profile, Region: c.region, Endpoint: c.endpoint, CABundle: c.caBundle},
		Who: func(ctx context.Context, s *session.Session) (string, error) {
			out, err := c.ask(ctx, s, stswire.Service(), stswire.Service().Operations["GetCallerIdentity"], apicall.Input{})
			if err != nil {
				return "", err
			}
			var id struct{ Arn string }
			err = json.Unmarshal([]byte(out), &id)
			return id.Arn, err
		}}
	list := d.Examine(ctx)
	if *asJSON {
		out := json.NewEncoder(a.stdout)
		out.SetIndent("", "    ")
		out.SetEscapeHTML(false)
		if err := out.Encode(list); err != nil {
			return err
		}
	} else {
		doctor.Print(a.stdout, list)
	}
	if doctor.Worst(list) {
		return exitStatus(1)
	}
	return nil
}
