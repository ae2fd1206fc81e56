// bench_go - goroutines that read a channel of tasks, and a channel of results
// for each collection; W7 with a goroutine and a channel for each call
//
// The channels have room for all that is outstanding at once, as a task that
// waits for room would hold up its worker.  Workers and submitters are
// goroutines; GOMAXPROCS is left as it is.
//
// The command line, the loops and the line that is printed are those of the
// programs in C: see bench.h, flow.h and workloads.h.
//
// SPDX-License-Identifier: MIT
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const notApplicable = 77

type args struct {
	n, workers, param int
}

type out struct {
	value float64
	unit  string
	more  string
}

func (o *out) add(key string, value float64) {
	o.more += fmt.Sprintf(" %s=%.6g", key, value)
}

func (o *out) perTask(began time.Time, n int) {
	o.value = float64(time.Since(began).Nanoseconds()) / float64(n)
	o.unit = "ns/task"
}

func must(holds bool, what string) {
	if !holds {
		fmt.Fprintln(os.Stderr, "bench_go: does not hold:", what)
		os.Exit(1)
	}
}

func or(value, standard int) int {
	if value > 0 {
		return value
	}
	return standard
}

// ---- The pool and its collections -----------------------------------------

type collection chan int

type job struct {
	fn  func(int) int
	arg int
	to  collection
}

var jobs chan job

func openPool(workers, most int) {
	jobs = make(chan job, most)
	for i := 0; i < workers; i++ {
		go func() {
			for job := range jobs {
				job.to <- job.fn(job.arg)
			}
		}()
	}
}

func (c collection) submit(fn func(int) int, arg int) {
	jobs <- job{fn, arg, c}
}

// One timeout bounds all waits of a loop.
func (c collection) next(timeout <-chan time.Time) (int, bool) {
	select {
	case result := <-c:
		return result, true
	case <-timeout:
		return 0, false
	}
}

// ---- Tasks ----------------------------------------------------------------

var (
	spinTurns int
	sink      uint64
	gate      = make(chan struct{})
	held      sync.WaitGroup
	stopped   int32
)

func echo(arg int) int { return arg }

func compute(turns int, x uint64) uint64 {
	for i := 0; i < turns; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

func spin(arg int) int {
	if compute(spinTurns, uint64(arg)) == 0 {
		atomic.AddUint64(&sink, 1)
	}
	return arg
}

func leastNs(turns int) float64 {
	least := time.Hour
	for i := 0; i < 200; i++ {
		began := time.Now()
		sink += compute(turns, sink)
		if took := time.Since(began); took < least {
			least = took
		}
	}
	return float64(least.Nanoseconds())
}

func setSpin(us float64) float64 {
	spinTurns = int(us * 1000 / (leastNs(10000) / 10000))
	return leastNs(spinTurns)
}

func hold(arg int) int {
	held.Done()
	<-gate
	return arg
}

func untilStopped(arg int) int {
	until := time.Now().Add(time.Second)
	x := uint64(arg)
	for atomic.LoadInt32(&stopped) == 0 && time.Now().Before(until) {
		x = compute(1000, x)
	}
	return arg
}

// ---- Every result is there ------------------------------------------------

type tally struct{ count, sum int }

func (t *tally) add(result int) {
	t.count++
	t.sum += result
}

func (t *tally) expect(n int) {
	must(t.count == n && t.sum == n*(n-1)/2, "all results came back")
}

// ---- The program ----------------------------------------------------------

var workloads = map[string]func(args, *out){
	"w1a": w1a, "w1b": w1b, "w2": w2, "w3": w3, "w4": w4, "w5": w5, "w6": w6,
	"w7": w7, "w8": w8, "w9n": w9n, "w9s": w9s, "w9i": w9i, "w10": w10,
}

var missing = map[string]string{
	"w1c": "receives one result at a time",
	"w1d": "has no future",
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(strings.TrimPrefix(runtime.Version(), "go"))
		return
	}
	numbers := [3]int{}
	bad := len(os.Args) < 4 || len(os.Args) > 5
	for i := 2; !bad && i < len(os.Args); i++ {
		value, err := strconv.Atoi(os.Args[i])
		bad = err != nil || value < 0 || i < 4 && value == 0
		numbers[i-2] = value
	}
	if bad {
		fmt.Fprintln(os.Stderr, "usage: bench_go WORKLOAD N WORKERS [PARAM]")
		os.Exit(2)
	}
	name := os.Args[1]
	work := workloads[name]
	if work == nil {
		why := missing[name]
		if why == "" {
			why = "no such workload"
		}
		fmt.Printf("peer=go workload=%s n/a: %s\n", name, why)
		os.Exit(notApplicable)
	}
	a := args{numbers[0], numbers[1], numbers[2]}
	o := out{}
	work(a, &o)
	fmt.Printf("peer=go workload=%s n=%d workers=%d param=%d value=%.6g "+
		"unit=%s%s\n", name, a.n, a.workers, a.param, o.value, o.unit, o.more)
}
