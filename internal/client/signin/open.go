package signin

import (
	"errors"
	"os/exec"
	"strings"

	"sojourn/internal/client/config"
)

// OpenBrowser shows an https URL in the user's browser. The URL is one argument
// of a program, and no shell sees it.
func OpenBrowser(env config.Env, goos, address string) error {
	program, args, err := browserCommand(env, goos, address)
	if err != nil {
		return err
	}
	c := exec.Command(program, args...)
	if err := c.Start(); err != nil {
		return err
	}
	go c.Wait()
	return nil
}

// errNoBrowser is a machine without a screen, such as one over ssh.
var errNoBrowser = errors.New("there is no browser here")

// browserCommand says how a browser is started. $BROWSER may hold a list of
// programs; of these the first counts, and nothing in it is expanded.
func browserCommand(env config.Env, goos, address string) (string, []string, error) {
	u, err := secureURL(address)
	if err != nil {
		return "", nil, err
	}
	// The text is made anew from its parts, so that no quoting character is left in it.
	address = strings.NewReplacer("'", "%27", "`", "%60", "$", "%24", "\"", "%22", "|", "%7C", "^", "%5E", ";", "%3B", "(", "%28", ")", "%29", "<", "%3C", ">", "%3E").Replace(u.String())
	switch goos {
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", address}, nil
	case "darwin":
		return "open", []string{address}, nil
	}
	if v := env.Get("BROWSER"); v != "" {
		first, _, _ := strings.Cut(v, ":")
		if words, err := config.SplitShell(first); err == nil && len(words) > 0 {
			args := words[1:]
			placed := false
			for i, w := range args {
				if w == "%s" {
					args[i], placed = address, true
				}
			}
			if !placed {
				args = append(args, address)
			}
			return words[0], args, nil
		}
	}
	if env.Get("DISPLAY") == "" && env.Get("WAYLAND_DISPLAY") == "" && env.Get("WSL_DISTRO_NAME") == "" {
		return "", nil, errNoBrowser
	}
	return "xdg-open", []string{address}, nil
}
