// Command mutate asks whether the tests of a package would notice a fault: it
// makes many small ones, one at a time, and runs the package's tests on each.
//
//	mutate [-min PERCENT] [-j N] [-equivalent FILE] PACKAGE...
//
// A mutant is one change: an operator of logic, order or sums exchanged, a
// condition negated or never true, a case or an element of a list or map left
// out, true for false, a number one higher, a statement dropped. One build with
// "go test -overlay" holds all mutants of a package, each behind a number that
// the environment chooses, so that a mutant costs one run of the tests and the
// tree is never touched. It prints the mutants that survived and "killed K of
// N", and fails below the percentage asked for.
//
// FILE lists the mutants that no test can kill because they change nothing that
// could be seen, with the reason; they are shown apart and not counted.
//
// Constants are not changed, since a choice at run time is no constant.
package main
