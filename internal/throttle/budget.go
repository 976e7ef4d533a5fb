package throttle

// A budget is kept as the time at which it is whole again (the generic cell rate
// algorithm): one number, whatever the burst.

// debt is how far off that is. What is further off than a whole budget was
// counted by a clock that has been turned back, and is forgotten.
func (r *record) debt(b budget, now int64) int64 {
	if r.at-now > b.burst*int64(b.every) {
		r.at = now
	}
	return max(r.at-now, 0)
}

// over is how long it takes until one more fits.
func (b budget) over(debt int64) int64 { return max(debt-(b.burst-1)*int64(b.every), 0) }

// wait is how long a budget has to recover before it bears one more failure.
func (t *table) wait(k key, b budget, now int64) int64 {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.find(k, now)
	if r == nil {
		return 0
	}
	return b.over(r.debt(b, now))
}

// owes is how long it takes until a budget is whole.
func (t *table) owes(k key, b budget, now int64) int64 {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.find(k, now)
	if r == nil {
		return 0
	}
	return r.debt(b, now)
}

// charge takes one failure off a budget; of one that is used up nothing more is taken.
func (t *table) charge(k key, b budget, now int64) {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.make(k, now)
	r.spend(b, now)
}

// spend is wait and, where that is nothing, charge.
func (t *table) spend(k key, b budget, now int64) int64 {
	s := t.lock(k)
	defer s.mu.Unlock()
	r := s.make(k, now)
	if wait := b.over(r.debt(b, now)); wait > 0 {
		return wait
	}
	r.spend(b, now)
	return 0
}

func (r *record) spend(b budget, now int64) {
	r.at = now + min(r.debt(b, now)+int64(b.every), b.burst*int64(b.every))
	r.expires = r.at
}
