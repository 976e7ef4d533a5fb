// Package mfa proves that a user holds a virtual MFA device: it checks a code
// against the device's seed and remembers what it accepted, in one transaction,
// so that a code is good for one request on all nodes and ways in.
//
// It owns the rules of acceptance: the window, that a step is never taken
// twice, and the delay behind wrong codes, which grows as package throttle says
// but stands in the store, for all nodes and behind a restart. It does not own a device's life
// (package iam) nor what a proof is good for (package sts).
package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sojourn/internal/awserr"
	"sojourn/internal/seal"
	"sojourn/internal/store"
	"sojourn/internal/throttle"
	"sojourn/internal/totp"
)

// SeedLabel is the label that seeds are sealed under.
const SeedLabel = "mfa-seed"

// How far a device's clock may be off, in steps of 30 seconds: at each use, and
// when it is brought back by a resync.
const (
	window = 1
	resync = 10
)

// ErrUnknown is returned where the device does not exist or is not the user's,
// ErrWrong where the code is not the device's or was used before.
var (
	ErrUnknown = errors.New("the MFA device is not the user's")
	ErrWrong   = errors.New("the MFA code is wrong or was used before")
)

// Verifier checks codes. It is safe for concurrent use.
type Verifier struct {
	Store store.Store
	Keys  *seal.Keyring
	Now   func() time.Time
}

// Verify takes a code of the device with the serial number, which the user with
// the unique id must have enabled. The error is ErrUnknown, ErrWrong,
// Throttling, or a fault of the store.
func (v *Verifier) Verify(ctx context.Context, userID, serial, code string) error {
	var answer error
	err := v.Store.Update(ctx, func(tx store.Tx) error {
		d, err := tx.MFADevice(serial)
		if errors.Is(err, store.ErrNotFound) || err == nil && (d.UserID == "" || d.UserID != userID) {
			answer = ErrUnknown
			return nil
		}
		if err != nil {
			return fmt.Errorf("MFA device %q: %w", serial, err)
		}
		seed, err := v.Seed(&d)
		if err != nil {
			return err
		}
		before := d
		answer = take(&d, seed, code, v.Now())
		if d.LastStep == before.LastStep && d.Failures == before.Failures && d.RetryAt.Equal(before.RetryAt) {
			return nil
		}
		return tx.UpdateMFADevice(d)
	})
	if err != nil {
		return fmt.Errorf("checking an MFA code: %w", err)
	}
	return answer
}

// Seed opens the device's seed.
func (v *Verifier) Seed(d *store.MFADevice) ([]byte, error) {
	seed, err := v.Keys.OpenSecret(SeedLabel, d.Serial, d.Seed)
	if err != nil {
		return nil, fmt.Errorf("MFA device %q: %w", d.Serial, err)
	}
	return seed, nil
}

// take decides on one code and notes the decision in d. A code that was
// accepted before is refused without being counted: a client that asks twice
// is not one that guesses.
func take(d *store.MFADevice, seed []byte, code string, now time.Time) error {
	if err := early(d, now); err != nil {
		return err
	}
	step, ok := totp.Find(seed, totp.Step(now)+d.Drift, window, code)
	switch {
	case !ok:
		fail(d, now)
		return ErrWrong
	case step <= d.LastStep:
		return ErrWrong
	}
	accept(d, step)
	return nil
}

// early is Throttling in the delay behind wrong codes.
func early(d *store.MFADevice, now time.Time) error {
	if latest := now.Add(throttle.Delay(d.Failures)); latest.Before(d.RetryAt) {
		d.RetryAt = latest // counted by a clock that has been turned back
	}
	if now.Before(d.RetryAt) {
		return awserr.TooSoon(d.RetryAt.Sub(now), "too many wrong MFA codes")
	}
	return nil
}

func fail(d *store.MFADevice, now time.Time) {
	d.Failures++
	if delay := throttle.Delay(d.Failures); delay > 0 {
		d.RetryAt = now.Add(delay)
	}
}

func accept(d *store.MFADevice, step int64) {
	d.LastStep, d.Failures, d.RetryAt = step, 0, time.Time{}
}

// Pair takes two consecutive codes of a device, which prove that its holder has
// the seed and how far its clock is off: within the window of a use, or wider
// for a resync. The error is ErrWrong or Throttling; d has counted it, and is to
// be stored all the same.
func Pair(d *store.MFADevice, seed []byte, first, second string, now time.Time, wide bool) error {
	if err := early(d, now); err != nil {
		return err
	}
	center, reach := totp.Step(now), int64(window)
	if wide {
		reach = resync
	}
	step, ok := totp.Find(seed, center-1, reach, first, second)
	switch {
	case !ok:
		fail(d, now)
		return ErrWrong
	case step+1 <= d.LastStep:
		return ErrWrong
	}
	accept(d, step+1)
	d.Drift = step + 1 - center
	return nil
}
