package node

import (
	"sojourn/internal/git"
	"sojourn/internal/git/gitexec"
	"sojourn/internal/server/metrics"
)

// gitMetrics tell of the engine: its processes, what it keeps warm, its upkeep.
func gitMetrics(e *git.Engine) (list []metrics.Func) {
	add := func(k metrics.Kind, name, help string, value func(git.Stats) float64, labels ...metrics.Label) {
		list = append(list, metrics.Func{Kind: k, Name: name, Help: help, Labels: labels, Value: func() float64 { return value(e.Stats()) }})
	}
	for i, l := range e.Stats().Processes {
		class := metrics.Label{Name: "class", Value: l.Class}
		of := func(value func(gitexec.Load) float64) func(git.Stats) float64 {
			return func(s git.Stats) float64 { return value(s.Processes[i]) }
		}
		add(metrics.Gauge, "sojourn_git_processes", "Git processes that run.", of(func(l gitexec.Load) float64 { return float64(l.Running) }), class)
		add(metrics.Gauge, "sojourn_git_queue", "Requests that wait for a place for a process.", of(func(l gitexec.Load) float64 { return float64(l.Waiting) }), class)
		add(metrics.Counter, "sojourn_git_processes_total", "Git processes that were started.", of(func(l gitexec.Load) float64 { return float64(l.Started) }), class)
		add(metrics.Counter, "sojourn_git_refused_total", "Requests that were refused for want of a place.", of(func(l gitexec.Load) float64 { return float64(l.Refused) }), class)
	}
	add(metrics.Counter, "sojourn_git_killed_total", "Git processes that a limit of time or pace ended.", func(s git.Stats) float64 { return float64(s.Killed) })
	add(metrics.Counter, "sojourn_git_whole_packs_total", "Clones that were sent stored packs, without a git process.", func(s git.Stats) float64 { return float64(s.WholePacks) })
	add(metrics.Counter, "sojourn_git_shared_answers_total", "Fetches that were sent what git had made for another.", func(s git.Stats) float64 { return float64(s.SharedAnswers) })
	add(metrics.Gauge, "sojourn_git_packs", "Packs of all repositories, as last counted for upkeep.", func(s git.Stats) float64 { return float64(s.Packs) })
	add(metrics.Gauge, "sojourn_git_warm_repositories", "Repositories of which this node keeps refs or packs at hand.", func(s git.Stats) float64 { return float64(s.Warm) })
	add(metrics.Gauge, "sojourn_git_generations", "Object directories that are kept for repositories and for requests under way.", func(s git.Stats) float64 { return float64(s.Generations) })
	add(metrics.Gauge, "sojourn_git_views", "Views that are kept for repositories and for requests under way.", func(s git.Stats) float64 { return float64(s.Views) })
	for _, kind := range []git.Compaction{git.CompactGeometric, git.CompactBase} {
		add(metrics.Counter, "sojourn_git_compactions_total", "Compactions that changed something.", func(s git.Stats) float64 { return float64(s.Compactions[kind.String()]) },
			metrics.Label{Name: "kind", Value: kind.String()})
	}
	add(metrics.Counter, "sojourn_git_compaction_failures_total", "Compactions that failed.", func(s git.Stats) float64 { return float64(s.CompactionFailures) })
	add(metrics.Counter, "sojourn_git_compaction_seconds_total", "Time that compactions took.", func(s git.Stats) float64 { return s.CompactionSeconds })
	add(metrics.Counter, "sojourn_git_compacted_bytes_total", "Bytes of the packs that compactions wrote.", func(s git.Stats) float64 { return float64(s.CompactedBytes) })
	add(metrics.Counter, "sojourn_git_sweeps_total", "Looks for what crashes left in the stores.", func(s git.Stats) float64 { return float64(s.Sweeps) })
	add(metrics.Counter, "sojourn_git_sweep_failures_total", "Those that failed.", func(s git.Stats) float64 { return float64(s.SweepFailures) })
	add(metrics.Counter, "sojourn_git_swept_uploads_total", "Uploads that were given up.", func(s git.Stats) float64 { return float64(s.SweptUploads) })
	add(metrics.Counter, "sojourn_git_swept_packs_total", "Packs that were deleted from the trash.", func(s git.Stats) float64 { return float64(s.SweptPacks) })
	return list
}
