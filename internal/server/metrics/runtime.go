package metrics

import (
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"
)

// memory is a reading of the runtime that all metrics of one show share.
type memory struct {
	runtime.MemStats
	read time.Time
}

// readEvery is the shortest time between two readings, each of which stops the program for some microseconds.
const readEvery = 100 * time.Millisecond

func (m *memory) now() *runtime.MemStats {
	if now := time.Now(); now.Sub(m.read) > readEvery {
		runtime.ReadMemStats(&m.MemStats)
		m.read = now
	}
	return &m.MemStats
}

func runtimeMetrics() []Func {
	percent := debug.SetGCPercent(100) // it cannot be read without being set
	debug.SetGCPercent(percent)
	list := []Func{
		{Gauge, "go_gc_gogc_percent", "How much the heap may grow between collections (GOGC), 100 where it is not set.", nil, func() float64 { return float64(percent) }},
		{Gauge, "go_gc_gomemlimit_bytes", "Limit of the runtime's memory (GOMEMLIMIT).", nil, func() float64 { return float64(debug.SetMemoryLimit(-1)) }},
		{Gauge, "go_goroutines", "Goroutines that exist.", nil, func() float64 { return float64(runtime.NumGoroutine()) }},
		{Gauge, "go_info", "The version of Go that built the program.", []Label{{"version", runtime.Version()}}, func() float64 { return 1 }},
		{Gauge, "go_sched_gomaxprocs_threads", "Threads that may run Go code at the same time (GOMAXPROCS).", nil, func() float64 { return float64(runtime.GOMAXPROCS(0)) }},
		{Gauge, "go_threads", "Threads of the operating system that were created.", nil, func() float64 { return float64(pprof.Lookup("threadcreate").Count()) }},
	}
	m := &memory{}
	stat := func(kind Kind, name, help string, value func(*runtime.MemStats) uint64) {
		list = append(list, Func{kind, "go_memstats_" + name, help, nil, func() float64 { return float64(value(m.now())) }})
	}
	stat(Gauge, "alloc_bytes", "Bytes of objects in the heap.", func(s *runtime.MemStats) uint64 { return s.Alloc })
	stat(Counter, "alloc_bytes_total", "Bytes allocated in the heap so far, freed ones too.", func(s *runtime.MemStats) uint64 { return s.TotalAlloc })
	stat(Gauge, "buck_hash_sys_bytes", "Bytes of the profiles' hash table.", func(s *runtime.MemStats) uint64 { return s.BuckHashSys })
	stat(Counter, "frees_total", "Objects freed so far.", func(s *runtime.MemStats) uint64 { return s.Frees })
	stat(Gauge, "gc_sys_bytes", "Bytes of the garbage collector's own data.", func(s *runtime.MemStats) uint64 { return s.GCSys })
	stat(Gauge, "heap_alloc_bytes", "Bytes of objects in the heap.", func(s *runtime.MemStats) uint64 { return s.HeapAlloc })
	stat(Gauge, "heap_idle_bytes", "Bytes of the heap that hold nothing.", func(s *runtime.MemStats) uint64 { return s.HeapIdle })
	stat(Gauge, "heap_inuse_bytes", "Bytes of the heap's spans that hold something.", func(s *runtime.MemStats) uint64 { return s.HeapInuse })
	stat(Gauge, "heap_objects", "Objects in the heap.", func(s *runtime.MemStats) uint64 { return s.HeapObjects })
	stat(Gauge, "heap_released_bytes", "Bytes of the heap that were given back to the system.", func(s *runtime.MemStats) uint64 { return s.HeapReleased })
	stat(Gauge, "heap_sys_bytes", "Bytes that the heap has of the system.", func(s *runtime.MemStats) uint64 { return s.HeapSys })
	stat(Counter, "mallocs_total", "Objects allocated so far.", func(s *runtime.MemStats) uint64 { return s.Mallocs })
	stat(Gauge, "mcache_inuse_bytes", "Bytes of mcache structures in use.", func(s *runtime.MemStats) uint64 { return s.MCacheInuse })
	stat(Gauge, "mcache_sys_bytes", "Bytes that mcache structures have of the system.", func(s *runtime.MemStats) uint64 { return s.MCacheSys })
	stat(Gauge, "mspan_inuse_bytes", "Bytes of mspan structures in use.", func(s *runtime.MemStats) uint64 { return s.MSpanInuse })
	stat(Gauge, "mspan_sys_bytes", "Bytes that mspan structures have of the system.", func(s *runtime.MemStats) uint64 { return s.MSpanSys })
	stat(Gauge, "next_gc_bytes", "Size of the heap at which it is collected next.", func(s *runtime.MemStats) uint64 { return s.NextGC })
	stat(Gauge, "other_sys_bytes", "Other bytes of the system.", func(s *runtime.MemStats) uint64 { return s.OtherSys })
	stat(Gauge, "stack_inuse_bytes", "Bytes of stacks in use.", func(s *runtime.MemStats) uint64 { return s.StackInuse })
	stat(Gauge, "stack_sys_bytes", "Bytes that stacks have of the system.", func(s *runtime.MemStats) uint64 { return s.StackSys })
	stat(Gauge, "sys_bytes", "Bytes that the program has of the system.", func(s *runtime.MemStats) uint64 { return s.Sys })
	return append(list, Func{Gauge, "go_memstats_last_gc_time_seconds", "When the heap was last collected, in seconds since 1970; 0 for never.", nil,
		func() float64 { return float64(m.now().LastGC) / 1e9 }})
}

// pauses are the garbage collector's, as a summary.
func pauses(w *writer) {
	const name, quarters = "go_gc_duration_seconds", 4
	var s debug.GCStats
	s.PauseQuantiles = make([]time.Duration, quarters+1)
	debug.ReadGCStats(&s)
	for i, q := range s.PauseQuantiles {
		w.sample(name, `quantile="`+number(float64(i)/quarters)+`"`, q.Seconds())
	}
	w.sample(name+"_sum", "", s.PauseTotal.Seconds())
	w.sample(name+"_count", "", float64(s.NumGC))
}
