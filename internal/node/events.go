package node

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"sojourn/internal/events"
	"sojourn/internal/federation/outbound"
	"sojourn/internal/server/metrics"
)

// Events are told to programs outside; see docs/operations/events.md.
type Events struct {
	Log     string         // file to append them to
	Webhook string         // URL to post them to
	Key     string         // file of the key that signs those
	Allow   []netip.Prefix // private ranges in which the webhook may be reached
	CA      string         // PEM file of further authorities for it
}

// The kinds of events in the outbox.
const (
	toLog     = "log"
	toWebhook = "webhook"
)

// kinds are those that somebody takes.
func (c *Events) kinds() (list []string) {
	if c.Log != "" {
		list = append(list, toLog)
	}
	if c.Webhook != "" {
		list = append(list, toWebhook)
	}
	return list
}

func (c *Events) check(bad func(format string, args ...any)) {
	if (c.Webhook == "") != (c.Key == "") {
		bad("events-webhook and events-key-file: one is set without the other")
	}
	if c.Webhook == "" {
		if len(c.Allow) > 0 || c.CA != "" {
			bad("events-allow-cidr and events-ca: they are about events-webhook, which is not set")
		}
		return
	}
	if _, err := outbound.CheckURL(c.Webhook); err != nil { // which may show what is secret in it
		bad("events-webhook: want an https URL without a user and a fragment")
	}
}

func (d dataDir) undelivered() string { return d.path("events/undelivered.jsonl") }

// deliverEvents starts what takes events out of the outbox, and returns its metrics.
func (n *Node) deliverEvents(p parts, d dataDir) (list []metrics.Func, err error) {
	if len(n.cfg.Events.kinds()) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(filepath.Dir(d.undelivered()), 0o700); err != nil {
		return nil, fmt.Errorf("making a directory for events: %w", err)
	}
	lost := events.OpenUndelivered(d.undelivered())
	n.onClose(lost.Close)
	owner := "the only node"
	if n.cfg.place().shared() {
		owner = events.NewOwner()
	}
	for _, kind := range n.cfg.Events.kinds() {
		sink, err := n.sink(kind, p.now)
		if err != nil {
			return nil, err
		}
		one := events.Start(events.Options{Kind: kind, Store: p.store, Sink: sink, Now: p.now, Log: p.log, Owner: owner, Undelivered: lost.Keep})
		n.onClose(one.Stop)
		list = append(list, eventMetrics(kind, one, p.now)...)
	}
	return list, nil
}

func (n *Node) sink(kind string, now func() time.Time) (events.Sink, error) {
	c := n.cfg.Events
	if kind == toLog {
		log, err := events.OpenLog(c.Log)
		if err != nil {
			return nil, fmt.Errorf("events-log: %w", err)
		}
		n.onClose(log.Close)
		return log, nil
	}
	key, err := events.ReadKey(c.Key)
	if err != nil {
		return nil, fmt.Errorf("events-key-file: %w", err)
	}
	client, err := outbound.New(outbound.Options{Allow: c.Allow, CAFile: c.CA,
		Peer: outbound.Peer{Name: "a webhook", Allow: "events-allow-cidr", CA: "events-ca"}})
	if err != nil {
		return nil, err
	}
	return events.NewWebhook(c.Webhook, client, key, now), nil
}

// eventMetrics read the backlog when they are shown.
func eventMetrics(kind string, d *events.Deliverer, now func() time.Time) (list []metrics.Func) {
	read := func() events.Stats {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s, err := d.Stats(ctx)
		if err != nil {
			s.Backlog = -1
		}
		return s
	}
	add := func(k metrics.Kind, name, help string, value func(events.Stats) float64) {
		list = append(list, metrics.Func{Kind: k, Name: name, Help: help, Labels: []metrics.Label{{Name: "sink", Value: kind}},
			Value: func() float64 { return value(read()) }})
	}
	add(metrics.Counter, "sojourn_events_delivered_total", "Events that a sink has taken.", func(s events.Stats) float64 { return float64(s.Delivered) })
	add(metrics.Counter, "sojourn_events_failures_total", "Tries to deliver an event that failed.", func(s events.Stats) float64 { return float64(s.Failures) })
	add(metrics.Counter, "sojourn_events_given_up_total", "Events that went to the file of undelivered ones.", func(s events.Stats) float64 { return float64(s.GivenUp) })
	add(metrics.Gauge, "sojourn_events_backlog", "Events of all nodes that are still to be delivered; -1 when the store does not say.", func(s events.Stats) float64 { return float64(s.Backlog) })
	add(metrics.Gauge, "sojourn_events_backlog_age_seconds", "Age of the oldest of them; 0 for none.", func(s events.Stats) float64 {
		if s.Oldest.IsZero() {
			return 0
		}
		return max(now().Sub(s.Oldest), 0).Seconds()
	})
	return list
}
