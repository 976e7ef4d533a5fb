package main

import (
	"flag"
	"fmt"
	"strconv"
	"time"

	"sojourn/internal/node"
)

// eventSettings say who is told of changes of refs.
func eventSettings(f *flag.FlagSet, c *node.Config) {
	f.StringVar(&c.Events.Log, "events-log", "", "")
	f.StringVar(&c.Events.Webhook, "events-webhook", "", "")
	f.StringVar(&c.Events.Key, "events-key-file", "", "")
	ranges(f, "events-allow-cidr", "", &c.Events.Allow)
	f.StringVar(&c.Events.CA, "events-ca", "", "")
}

// queueSettings bound the git processes, and what a push may bring (MiB). Their defaults are the engine's.
func queueSettings(f *flag.FlagSet, c *node.Config) {
	number := func(name string, to *int) {
		f.Func(name, "", func(v string) (err error) {
			if *to, err = strconv.Atoi(v); err != nil || *to < 1 {
				return fmt.Errorf("%q is no number from 1 on", v)
			}
			return nil
		})
	}
	number("git-processes", &c.GitProcesses)
	number("git-queue", &c.GitQueue)
	number("git-max-push", &c.MaxPush)
	number("git-account-quota", &c.AccountQuota)
	f.Func("git-queue-wait", "", func(v string) (err error) {
		if c.GitQueueWait, err = time.ParseDuration(v); err != nil || c.GitQueueWait <= 0 {
			return fmt.Errorf("%q is no time such as 2m", v)
		}
		return nil
	})
}
