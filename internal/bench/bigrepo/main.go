// Command bigrepo makes a repository of a given size with the shape of a real
// one, for measurements: see package repogen.
//
//	go run ./internal/bench/bigrepo -objects 400000 -out /tmp/big.git
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"

	"sojourn/internal/bench/repogen"
)

func main() {
	log.SetFlags(0)
	s := repogen.Spec{}
	flag.IntVar(&s.Objects, "objects", 20_000, "objects, at least; 400,000 make 300 MiB")
	flag.IntVar(&s.Refs, "refs", 1_000, "branches and tags")
	flag.Uint64Var(&s.Seed, "seed", 1, "another seed, another history")
	out := flag.String("out", "", "directory of the bare repository to make")
	flag.Parse()
	if *out == "" || flag.NArg() > 0 {
		log.Fatal("usage: bigrepo [-objects N] [-refs N] [-seed N] -out DIR")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := repogen.Make(ctx, *out, s); err != nil {
		log.Fatal(err)
	}
}
