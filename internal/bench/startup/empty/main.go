// Command empty does nothing: what is left is the start of a Go program, the
// floor that the benchmark of the client compares with.
package main

func main() {}
