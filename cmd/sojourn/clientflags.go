package main

import (
	"flag"
	"time"

	"sojourn/internal/client/session"
)

// clientFlags are the flags that every command of the client has, with the AWS
// CLI's names.
type clientFlags struct {
	profile, region, endpoint, caBundle string

	output string // of every API command
	noSign bool
}

func (c *clientFlags) register(f *flag.FlagSet) {
	f.StringVar(&c.profile, "profile", "", "`NAME` of the profile to use")
	f.StringVar(&c.region, "region", "", "the `REGION` to work in")
}

func (c *clientFlags) registerEndpoint(f *flag.FlagSet) {
	f.StringVar(&c.endpoint, "endpoint-url", "", "`URL` of the server")
	f.StringVar(&c.caBundle, "ca-bundle", "", "PEM `FILE` of the authorities to trust")
}

func (c *clientFlags) registerServer(f *flag.FlagSet) {
	c.register(f)
	c.registerEndpoint(f)
	f.StringVar(&c.output, "output", "json", "json, the only `FORMAT`")
	f.BoolVar(&c.noSign, "no-sign-request", false, "send the request without credentials")
	f.Bool("no-cli-pager", false, "taken, because scripts give it to the AWS CLI")
}

// session opens the user's settings.
func (c *clientFlags) session(a *app) (*session.Session, error) {
	return session.Open(session.Options{Env: a.env(), Now: time.Now,
		Profile: c.profile, Region: c.region, Endpoint: c.endpoint, CABundle: c.caBundle})
}

// env is the environment in the form that the client's packages take.
func (a *app) env() func(string) (string, bool) {
	return func(key string) (string, bool) {
		v := a.getenv(key)
		return v, v != ""
	}
}
