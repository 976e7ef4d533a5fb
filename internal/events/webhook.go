package events

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"sojourn/internal/federation/outbound"
	"sojourn/internal/secret"
)

// Webhook posts events to a server, signed as Standard Webhooks
// (https://www.standardwebhooks.com) has it, so that receivers find a library.
type Webhook struct {
	url    string
	client *outbound.Client
	key    secret.String // raw
	now    func() time.Time
}

// NewWebhook makes one. The key is as ReadKey returns it.
func NewWebhook(url string, client *outbound.Client, key secret.String, now func() time.Time) *Webhook {
	return &Webhook{url, client, key, now}
}

// Deliver implements Sink.
func (w *Webhook) Deliver(ctx context.Context, payload []byte) error {
	var e struct{ ID string }
	if err := json.Unmarshal(payload, &e); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	at := strconv.FormatInt(w.now().Unix(), 10)
	header := http.Header{
		"Content-Type":      {"application/json"},
		"Webhook-Id":        {e.ID},
		"Webhook-Timestamp": {at},
		"Webhook-Signature": {Sign(w.key, e.ID, at, payload)},
	}
	err := w.client.Post(ctx, w.url, header, payload)
	if refused, ok := errors.AsType[*outbound.PostError](err); ok && refusal(refused.Status) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// refusal reports whether a status is about the event, and not about the
// receiver's state of the moment.
func refusal(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false // its settings, which somebody will put right, or its load
	}
	return status >= 400 && status < 500
}

// Flush implements Sink.
func (*Webhook) Flush() error { return nil }

// Sign is the signature of a message: version, comma, Base64 of the HMAC-SHA256 of id, time and payload.
func Sign(key secret.String, id, at string, payload []byte) string {
	h := hmac.New(sha256.New, []byte(key.Reveal()))
	h.Write([]byte(id + "." + at + "."))
	h.Write(payload)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Sizes of a key in bytes, as Standard Webhooks has them.
const minKey, maxKey = 24, 64

// ReadKey reads a key from a file that nobody else may read: Base64, with or
// without "whsec_" before it.
func ReadKey(path string) (key secret.String, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return key, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return key, fmt.Errorf("%q can be read by others: its mode must be 0600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return key, err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "whsec_"))
	if err != nil || len(raw) < minKey || len(raw) > maxKey {
		return key, fmt.Errorf("%q does not hold the Base64 of %d to %d bytes and nothing else; \"openssl rand -base64 32\" makes one", path, minKey, maxKey)
	}
	return secret.New(string(raw)), nil
}
