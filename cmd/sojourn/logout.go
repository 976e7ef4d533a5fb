package main

import (
	"context"
	"fmt"
	"time"

	"sojourn/internal/client/cache"
	"sojourn/internal/client/config"
	"sojourn/internal/client/credentials"
	"sojourn/internal/client/session"
	"sojourn/internal/client/signin"
)

func runLogout(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "logout [FLAGS]",
		"Removes what \"sojourn login\" wrote: the tokens, the keys and the profile's settings. Of any profile it forgets the sessions that "+
			"are kept for it. A kept refresh token is revoked where the provider offers it. "+
			"Sessions live on at the server until their end; an administrator can revoke them.",
		"sojourn logout --profile CodeAccess")
	profile := flags.String("profile", "", "`NAME` of the profile")
	keep := flags.Bool("keep-settings", false, "leave how to sign in, so that \"sojourn login\" needs no flags")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return usagef("logout: unexpected argument %q", flags.Arg(0))
	}
	user, err := session.Open(session.Options{Env: a.env(), Now: time.Now, Profile: *profile})
	if err != nil {
		return err
	}
	files := signin.Files{Env: config.Env(a.env())}
	kept := cache.Under(files.Env.Home()).Forget(user.Name)
	method := user.Profile.Value(signin.KeyMethod)
	switch {
	case method == "" && inCenter(user.Profile):
		return a.leaveCenter(ctx, user, files, kept)
	case method == "" && kept == 0:
		return fmt.Errorf("profile %q was not written by \"sojourn login\", and no session is kept for it; nothing is removed", user.Name)
	case method == "":
		_, err := fmt.Fprintf(a.stdout, "Forgot %s of profile %q; its settings stay.\n", sessions(kept), plain(user.Name))
		return err
	}
	if method == signin.MethodOIDC {
		if h, err := user.HTTP(); err == nil {
			if err := files.Revoke(ctx, user.Profile, h.HTTP); err != nil {
				fmt.Fprintf(a.stderr, "sojourn: the refresh token is removed here, but was not revoked: %v\n", err)
			}
		}
	}
	if err := files.Forget(ctx, user.Name, !*keep); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "Signed out. Profile %q holds no credentials any more; forgot %s.\n", plain(user.Name), sessions(kept))
	return err
}

// leaveCenter ends the sign-in at IAM Identity Center, which is the AWS CLI's too.
func (a *app) leaveCenter(ctx context.Context, user *session.Session, files signin.Files, kept int) error {
	i, err := centerOf(user)
	if err != nil {
		return err
	}
	p := user.Profile
	key := credentials.CenterKey(credentials.Center{Session: i.Session, StartURL: i.StartURL}, p.Value("sso_account_id"), p.Value("sso_role_name"))
	if cache.SharedUnder(files.Env.Home()).Remove(key) {
		kept++
	}
	there, err := i.SignOut(ctx, files.Env)
	if err != nil {
		fmt.Fprintf(a.stderr, "sojourn: the sign-in is removed here, but was not ended at %s: %v\n", plain(i.StartURL), err)
	}
	if !there {
		return fmt.Errorf("nobody is signed in at %s; forgot %s of profile %q", plain(i.StartURL), sessions(kept), user.Name)
	}
	_, err = fmt.Fprintf(a.stdout, "Signed out of %s; forgot %s of profile %q.\n", plain(i.StartURL), sessions(kept), plain(user.Name))
	return err
}

// sessions says how many are no longer in ~/.aws/sojourn/cache.
func sessions(n int) string {
	switch n {
	case 0:
		return "no kept session"
	case 1:
		return "1 kept session"
	}
	return fmt.Sprintf("%d kept sessions", n)
}
