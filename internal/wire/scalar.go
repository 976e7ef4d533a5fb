package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"
)

// setText stores a scalar that is written as text, as in a query string. It
// reports whether the text is one of s's kind.
func setText(v reflect.Value, s *Shape, text string) bool {
	switch s.Kind {
	case String:
		target(v).SetString(text)
	case Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || text[0] == '+' {
			return false
		}
		target(v).SetInt(n)
	case Float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
		target(v).SetFloat(f)
	case Boolean:
		if text != "true" && text != "false" {
			return false
		}
		target(v).SetBool(text == "true")
	case Timestamp:
		t, ok := parseTime(text)
		if !ok {
			return false
		}
		target(v).Set(reflect.ValueOf(t))
	case Blob:
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return false
		}
		v.SetBytes(b)
	default:
		return false
	}
	return true
}

// target is where a value goes: an element itself, or what a member, which is a
// pointer, points to.
func target(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	v.Set(reflect.New(v.Type().Elem()))
	return v.Elem()
}

const iso8601 = "2006-01-02T15:04:05Z"

func parseTime(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), true
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return fromEpoch(f)
	}
	return time.Time{}, false
}

// maxEpoch is the end of the year 9999, past which the formats have no dates.
const maxEpoch = 253402300799

func fromEpoch(seconds float64) (time.Time, bool) {
	if !(math.Abs(seconds) <= maxEpoch) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), true
}

// appendTime writes a timestamp in format f.
func appendTime(b []byte, t time.Time, f TimeFormat) []byte {
	if f == TimeUnix {
		return appendEpoch(b, t)
	}
	return t.UTC().AppendFormat(b, iso8601)
}

// appendEpoch writes seconds since 1970, with milliseconds where there are any.
func appendEpoch(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	if ms%1000 == 0 {
		return strconv.AppendInt(b, ms/1000, 10)
	}
	return strconv.AppendFloat(b, float64(ms)/1000, 'f', -1, 64)
}
