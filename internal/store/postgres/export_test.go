package postgres

import "context"

// Migrations are the names of the migrations, by their numbers, and their texts.
func Migrations() (names map[int]string, scripts map[string]string, err error) {
	list, err := migrations(migrationFiles)
	names, scripts = map[int]string{}, map[string]string{}
	for _, m := range list {
		names[m.version], scripts[m.name] = m.name, m.script
	}
	return names, scripts, err
}

// Setting is what a writer's connection has for a parameter of the server.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.writers.QueryRowContext(ctx, "SELECT current_setting($1)", name).Scan(&value)
	return value, err
}

// Parse reads a URL and says what it means.
func Parse(url string) (shown string, verifies bool, err error) {
	c, err := parse(url)
	if err != nil {
		return "", false, err
	}
	t := c.pgx.TLSConfig
	return c.shown(), t != nil && !t.InsecureSkipVerify && t.ServerName == c.pgx.Host && len(c.pgx.Fallbacks) == 0, nil
}
