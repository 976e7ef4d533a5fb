package main

import (
	"flag"
	"fmt"
	"strconv"
	"time"

	"sojourn/internal/node"
)

// eventFlags say who is told of changes of refs.
func eventFlags(f *flag.FlagSet, c *node.Config) {
	f.StringVar(&c.Events.Log, "events-log", "", "`FILE` to append an event to for each change of a branch or tag")
	f.StringVar(&c.Events.Webhook, "events-webhook", "", "https `URL` to post such events to, signed")
	f.StringVar(&c.Events.Key, "events-key-file", "", "`FILE` with the webhook's key, which nobody else may read")
	ranges(f, "events-allow-cidr", "private `CIDR` in which the webhook may be reached; may be repeated", &c.Events.Allow)
	f.StringVar(&c.Events.CA, "events-ca", "", "PEM `FILE` of further authorities for the webhook")
}

// queueFlags bound the git processes. Their defaults are the engine's.
func queueFlags(f *flag.FlagSet, c *node.Config) {
	number := func(name, usage string, to *int) {
		f.Func(name, usage, func(v string) (err error) {
			if *to, err = strconv.Atoi(v); err != nil || *to < 1 {
				return fmt.Errorf("%q is no number from 1 on", v)
			}
			return nil
		})
	}
	number("git-processes", "`N` git processes that serve clients at a time (default two for each processor, at least 8)", &c.GitProcesses)
	number("git-queue", "`N` requests that wait for one, a quarter of them of one caller (default 256)", &c.GitQueue)
	f.Func("git-queue-wait", "`TIME` that a request waits for one (default 2m)", func(v string) (err error) {
		if c.GitQueueWait, err = time.ParseDuration(v); err != nil || c.GitQueueWait <= 0 {
			return fmt.Errorf("%q is no time such as 2m", v)
		}
		return nil
	})
}
