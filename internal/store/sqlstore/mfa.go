package sqlstore

import (
	"database/sql"

	"sojourn/internal/store"
)

const selectMFADevice = "SELECT mfa_devices.serial, mfa_devices.account, mfa_devices.name, mfa_devices.path, mfa_devices.seed, mfa_devices.user_id," +
	" mfa_devices.created, mfa_devices.enabled, mfa_devices.last_step, mfa_devices.drift, mfa_devices.failures, mfa_devices.retry_at, mfa_devices.tags FROM mfa_devices"

func scanMFADevice(rows *sql.Rows, d *store.MFADevice) error {
	return rows.Scan(&d.Serial, &d.Account, &d.Name, &d.Path, bytesOf{&d.Seed}, &d.UserID,
		instant{&d.Created}, instant{&d.Enabled}, &d.LastStep, &d.Drift, &d.Failures, instant{&d.RetryAt}, jsonOf(&d.Tags))
}

// InsertMFADevice implements store.MFATx.
func (t *Tx) InsertMFADevice(d store.MFADevice) error {
	return t.insert("MFA device", d.Serial,
		"INSERT INTO mfa_devices (serial, account, name, name_key, path, seed, user_id, created, enabled, last_step, drift, failures, retry_at, tags)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		d.Serial, d.Account, d.Name, nameKey(d.Name), d.Path, blob(d.Seed), d.UserID, micros(d.Created), micros(d.Enabled),
		d.LastStep, d.Drift, d.Failures, micros(d.RetryAt), tagList(d.Tags))
}

// MFADevice implements store.MFATx.
func (t *Tx) MFADevice(serial string) (store.MFADevice, error) {
	return one(t, "MFA device", serial, scanMFADevice, selectMFADevice+" WHERE serial = ?", serial)
}

// MFADevices implements store.MFATx.
func (t *Tx) MFADevices(account string, p store.Page) ([]store.MFADevice, error) {
	return listNamed(t, "MFA devices of", selectMFADevice, account, p, scanMFADevice)
}

// MFADevicesOf implements store.MFATx.
func (t *Tx) MFADevicesOf(userID string) ([]store.MFADevice, error) {
	return all(t, "MFA devices of", userID, scanMFADevice, selectMFADevice+" WHERE user_id = ? ORDER BY serial", userID)
}

// UpdateMFADevice implements store.MFATx.
func (t *Tx) UpdateMFADevice(d store.MFADevice) error {
	return t.change("MFA device", d.Serial,
		"UPDATE mfa_devices SET seed = ?, user_id = ?, created = ?, enabled = ?, last_step = ?, drift = ?, failures = ?, retry_at = ?, tags = ? WHERE serial = ?",
		blob(d.Seed), d.UserID, micros(d.Created), micros(d.Enabled), d.LastStep, d.Drift, d.Failures, micros(d.RetryAt), tagList(d.Tags), d.Serial)
}

// DeleteMFADevice implements store.MFATx.
func (t *Tx) DeleteMFADevice(serial string) error {
	return t.change("MFA device", serial, "DELETE FROM mfa_devices WHERE serial = ?", serial)
}
