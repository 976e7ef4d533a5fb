package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"sojourn/internal/node"
)

func rootKeyPage() page {
	return page{synopsis: "admin root-key COMMAND --data DIR [FLAGS]",
		about: "The root key seals all sessions and what is kept secret. It is changed beside a running server, in three phases, and no session notices: " +
			"the new key is announced, seals, and the old one is retired when its last session has ended, 36 hours later.",
		wordsAre: "Commands",
		words: []row2{
			{"status", "list the root keys: generation, phase, since when, what is sealed with it, what comes next"},
			{"rotate", "do what is due: begin, carry on or end a rotation; for a timer, once a day"},
			{"announce", "make a new key and let every server learn it"},
			{"activate", "let the announced key seal"},
			{"reseal", "seal what is kept secret anew with the key that seals"},
			{"retire", "take a key away that has not sealed for 36 hours"},
			{"restore", "go on with a file of root keys that was put back, where the newest is lost"},
		},
		example: "sojourn admin root-key rotate --data /var/lib/sojourn --older-than 2160h\nsojourn admin root-key rotate --data /var/lib/sojourn --end-all-sessions"}
}

// adminRootKey runs "root-key COMMAND".
func adminRootKey(ctx context.Context, a *app, command string, args []string) error {
	switch command {
	case "status":
		return rootKeyStatus(ctx, a, args)
	case "rotate":
		return rootKeyRotate(ctx, a, args)
	case "announce":
		return rootKeyStep(ctx, a, command, "Makes a new root key. Every server on this data learns it within a second; where servers keep copies of\nkeys/root.json, bring them the new file before the key is activated.", args,
			func(admin *node.Admin) (string, error) {
				n, err := admin.AnnounceRootKey(ctx, time.Now())
				return fmt.Sprintf("generation %d is announced", n), err
			})
	case "activate":
		return rootKeyStep(ctx, a, command, "Lets the announced root key seal, on every server at once.", args,
			func(admin *node.Admin) (string, error) {
				n, err := admin.ActivateRootKey(ctx, time.Now())
				return fmt.Sprintf("generation %d seals", n), err
			})
	case "reseal":
		return rootKeyStep(ctx, a, command, "Seals access keys, seeds of MFA devices, private keys of SAML providers and passwords of directories\nanew with the root key that seals.", args,
			func(admin *node.Admin) (string, error) {
				n, err := admin.ResealSecrets(ctx, time.Now())
				return fmt.Sprintf("%d secrets are sealed anew", n), err
			})
	case "retire":
		return rootKeyRetire(ctx, a, args)
	case "restore":
		return rootKeyRestore(ctx, a, args)
	case "-h", "-help", "--help", "help", "":
		a.show(rootKeyPage())
		return nil
	}
	return noWord("admin root-key", command, rootKeyPage().words)
}

func rootKeyStep(ctx context.Context, a *app, name, about string, args []string, step func(*node.Admin) (string, error)) error {
	flags := newFlags(a, "admin root-key "+name+" --data DIR", about, "sojourn admin root-key "+name+" --data /var/lib/sojourn")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		said, err := step(admin)
		if err == nil {
			fmt.Fprintln(a.stdout, said)
		}
		return err
	})
}

func rootKeyStatus(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin root-key status --data DIR",
		"Lists the root keys: generation, phase, since when and for how long, how many secrets are sealed with it,\nits fingerprint, what comes next.", "sojourn admin root-key status --data /var/lib/sojourn")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		keys, err := admin.RootKeys(ctx)
		if err != nil {
			return err
		}
		now := time.Now()
		t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "GENERATION\tPHASE\tSINCE\tAGE\tSEALED\tFINGERPRINT\tNEXT")
		for _, k := range keys {
			fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n", k.Generation, k.Phase, k.Since.Format(time.RFC3339),
				max(now.Sub(k.Since), 0).Round(time.Second), k.AtRest, k.Fingerprint, nextPhase(k, now))
		}
		return t.Flush()
	})
}

// nextPhase tells what may be done with a key, and when.
func nextPhase(k node.RootKey, now time.Time) string {
	act := map[string]string{node.PhaseAnnounced: "activate", node.PhaseEnding: "retire"}[k.Phase]
	switch {
	case act == "":
		return "-"
	case now.Before(k.Next):
		return fmt.Sprintf("%s in %s", act, k.Next.Sub(now).Round(time.Second))
	}
	return act + " now"
}

func rootKeyRetire(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin root-key retire --data DIR --generation N",
		"Takes a root key away for good, when it has not sealed for 36 hours. What is kept secret with it is sealed\nanew before. An announced key can be taken back at any time.",
		"sojourn admin root-key retire --data /var/lib/sojourn --generation 1")
	n := flags.Int("generation", 0, "the key's generation")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		resealed, err := admin.RetireRootKey(ctx, *n, time.Now())
		if err == nil {
			fmt.Fprintf(a.stdout, "generation %d is retired; %d secrets were sealed anew before\n", *n, resealed)
		}
		return err
	})
}

func rootKeyRotate(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin root-key rotate --data DIR [FLAGS]",
		"Does what is due, so that it can be run by a timer: begins a rotation, carries on with one, or ends it. No\nsession notices. With --end-all-sessions it replaces a root key that was stolen: every session ends at once.",
		"sojourn admin root-key rotate --data /var/lib/sojourn --older-than 2160h")
	age := flags.Duration("older-than", 0, "begin only if the key has sealed for so long")
	all := flags.Bool("end-all-sessions", false, "retire all other keys at once, because one was stolen")
	return withAdmin(ctx, a, flags, args, func(admin *node.Admin) error {
		do := func() (node.Rotation, error) { return admin.RotateRootKey(ctx, *age, time.Now, pass) }
		if *all {
			do = func() (node.Rotation, error) { return admin.ReplaceRootKeys(ctx, time.Now, pass) }
		}
		r, err := do()
		for _, n := range r.Retired {
			fmt.Fprintf(a.stdout, "generation %d is retired\n", n)
		}
		for _, n := range r.Began {
			fmt.Fprintf(a.stdout, "generation %d seals\n", n)
		}
		if r.Resealed > 0 {
			fmt.Fprintf(a.stdout, "%d secrets are sealed anew\n", r.Resealed)
		}
		if k := r.Ending; err == nil && k != nil {
			fmt.Fprintf(a.stdout, "generation %d can be retired from %s: run this again then\n", k.Generation, k.Next.Format(time.RFC3339))
		}
		if err == nil && len(r.Began)+len(r.Retired) == 0 && r.Ending == nil {
			fmt.Fprintln(a.stdout, "nothing is due")
		}
		return err
	})
}

// pass lets time pass.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func rootKeyRestore(ctx context.Context, a *app, args []string) error {
	flags := newFlags(a, "admin root-key restore --data DIR",
		"Takes keys/root.json for the truth, where the newest file is lost and an older one was put back. Sessions,\naccess keys and seeds that were sealed with other keys are lost. Stop the servers before.",
		"sojourn admin root-key restore --data /var/lib/sojourn")
	data := flags.String("data", a.getenv(envName("data")), "`DIR` that the server keeps its data in")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	if *data == "" || flags.NArg() > 0 {
		return usagef("data: the directory is missing; give --data DIR")
	}
	kept, err := node.RestoreRootKeys(ctx, a.place(*data), time.Now())
	if err == nil {
		fmt.Fprintf(a.stdout, "generations %v are accepted\n", kept)
	}
	return err
}
