package sqlstore

import "testing"

func TestCompatible(t *testing.T) {
	for _, c := range []struct {
		applied []Applied
		ok      bool
	}{
		{nil, true},
		{[]Applied{{1, "initial"}, {20, "x.breaking"}}, true}, // known
		{[]Applied{{21, "more"}, {22, "yet_more"}}, true},
		{[]Applied{{21, "more"}, {22, "less.breaking"}, {23, "more"}}, false},
	} {
		if err := Compatible(20, c.applied); (err == nil) != c.ok {
			t.Errorf("%v: %v", c.applied, err)
		}
	}
}

func TestAdditive(t *testing.T) {
	for script, ok := range map[string]bool{
		"": true,
		"CREATE TABLE a (b TEXT NOT NULL); -- DROP TABLE c;\nCREATE INDEX i ON a (b);": true,
		"ALTER TABLE a ADD COLUMN c BIGINT NOT NULL DEFAULT 0;":                        true,
		"alter table a\n add column c bigint;":                                         true,
		"ALTER TABLE a ADD COLUMN c BIGINT NOT NULL;":                                  false, // yesterday's INSERT does not fill it
		"ALTER TABLE a DROP COLUMN c;":                                                 false,
		"ALTER TABLE a RENAME TO b;":                                                   false,
		"CREATE UNIQUE INDEX i ON a (b);":                                              false, // yesterday's INSERT may not keep it
		"UPDATE a SET b = 1;":                                                          false,
		"CREATE TABLE x (y TEXT); DELETE FROM a;":                                      false,
	} {
		if err := Additive("21_x", script); (err == nil) != ok {
			t.Errorf("%q: %v", script, err)
		}
	}
	if err := Additive("21_x.breaking", "DROP TABLE a;"); err != nil {
		t.Error(err)
	}
}
