package sigv4

import "time"

// TimeFormat is ISO 8601's basic format, as X-Amz-Date and Git passwords use it.
const TimeFormat = "20060102T150405Z"

// dateFormat is the day alone, which a credential scope has.
const dateFormat = "20060102"

func stamp(t time.Time) string { return string(appendStamp(nil, t)) }

// appendStamp is AppendFormat with TimeFormat, in UTC and for the years of four
// digits. It and parseStamp are written out because each request needs them.
func appendStamp(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = appendPair(appendPair(b, year/100%100), year%100)
	b = append(appendPair(appendPair(b, int(month)), day), 'T')
	return append(appendPair(appendPair(appendPair(b, hour), minute), second), 'Z')
}

func appendPair(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// parseStamp reads exactly TimeFormat.
func parseStamp(s string) (time.Time, bool) {
	if len(s) != len(TimeFormat) || s[8] != 'T' || s[15] != 'Z' {
		return time.Time{}, false
	}
	var n [7]int // two digits each: century, year, month, day, hour, minute, second
	for i := range n {
		at := 2 * i
		if at >= len(dateFormat) {
			at++ // the T
		}
		tens, ones := s[at]-'0', s[at+1]-'0'
		if tens > 9 || ones > 9 {
			return time.Time{}, false
		}
		n[i] = int(tens)*10 + int(ones)
	}
	month := time.Month(n[2])
	t := time.Date(n[0]*100+n[1], month, n[3], n[4], n[5], n[6], 0, time.UTC)
	// Date takes what is too large for the next larger unit.
	if t.Month() != month || t.Day() != n[3] || n[4] > 23 || n[5] > 59 || n[6] > 59 {
		return time.Time{}, false
	}
	return t, true
}
