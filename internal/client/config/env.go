package config

import (
	"path/filepath"
	"runtime"
	"strings"
)

// Env looks an environment variable up: os.LookupEnv, or a test's own table.
type Env func(key string) (value string, ok bool)

// Get returns the variable's value; unset and empty are the same.
func (e Env) Get(key string) string {
	v, _ := e(key)
	return v
}

// First returns the first of keys that has a value, and that value.
func (e Env) First(keys ...string) (key, value string) {
	for _, k := range keys {
		if v := e.Get(k); v != "" {
			return k, v
		}
	}
	return "", ""
}

// True reports whether the variable says "true", in any case, as the AWS SDKs read it.
func (e Env) True(key string) bool { return strings.EqualFold(e.Get(key), "true") }

// Home is the user's directory as the AWS CLI finds it, "" when the environment does not tell.
func (e Env) Home() string {
	if runtime.GOOS != "windows" {
		return e.Get("HOME")
	}
	if _, v := e.First("USERPROFILE", "HOME"); v != "" {
		return v
	}
	return e.Get("HOMEDRIVE") + e.Get("HOMEPATH")
}

// Expand replaces a leading "~" by the home directory.
func (e Env) Expand(path string) string {
	if path != "~" && !strings.HasPrefix(path, "~/") && !(runtime.GOOS == "windows" && strings.HasPrefix(path, `~\`)) {
		return path
	}
	home := e.Home()
	if home == "" {
		return path
	}
	return filepath.Join(home, path[1:])
}

// expandVars replaces $NAME and ${NAME}; what is not set stays as written.
func (e Env) expandVars(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 || i+1 == len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		name, length := variableName(s[i+1:])
		if v, ok := e(name); ok && name != "" {
			b.WriteString(v)
		} else {
			b.WriteString(s[i : i+1+length])
		}
		s = s[i+1+length:]
	}
}

// variableName reads what follows a "$" and returns the name and the length of its spelling.
func variableName(s string) (name string, length int) {
	if strings.HasPrefix(s, "{") {
		if i := strings.IndexByte(s, '}'); i > 0 {
			return s[1:i], i + 1
		}
		return "", 0
	}
	n := 0
	for n < len(s) && (s[n] == '_' || '0' <= s[n] && s[n] <= '9' || 'a' <= s[n]|0x20 && s[n]|0x20 <= 'z') {
		n++
	}
	return s[:n], n
}

// file returns the path of a configuration file: the variable's, or name under ~/.aws, or "".
func (e Env) file(variable, name string) string {
	if v := e.Get(variable); v != "" {
		return e.Expand(e.expandVars(v))
	}
	if home := e.Home(); home != "" {
		return filepath.Join(home, ".aws", name)
	}
	return ""
}
