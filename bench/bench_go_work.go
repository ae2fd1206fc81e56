// bench_go_work - the workloads of bench_go, in the order of flow.h and
// workloads.h
//
// SPDX-License-Identifier: MIT
package main

import (
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	window        = 1024
	warmUp        = 1000
	batchSize     = 64
	batchDeadline = 10 * time.Second
)

// ---- Throughput -----------------------------------------------------------

func burst(c collection, n int) {
	var t tally
	for i := 0; i < n; i++ {
		c.submit(echo, i)
	}
	for i := 0; i < n; i++ {
		t.add(<-c)
	}
	t.expect(n)
}

func flow(c collection, n, window int, t *tally) {
	sent := 0
	for ; sent < n && sent < window; sent++ {
		c.submit(echo, sent)
	}
	for got := 0; got < n; got++ {
		t.add(<-c)
		if sent < n {
			c.submit(echo, sent)
			sent++
		}
	}
}

func checkedFlow(c collection, n, window int) {
	var t tally
	flow(c, n, window, &t)
	t.expect(n)
}

func w1a(a args, o *out) {
	openPool(a.workers, a.n+warmUp)
	c := make(collection, a.n+warmUp)
	burst(c, warmUp)
	began := time.Now()
	burst(c, a.n)
	o.perTask(began, a.n)
}

func w1b(a args, o *out) {
	outstanding := or(a.param, window)
	openPool(a.workers, outstanding)
	c := make(collection, outstanding)
	checkedFlow(c, warmUp, outstanding)
	began := time.Now()
	checkedFlow(c, a.n, outstanding)
	o.perTask(began, a.n)
}

func w9n(a args, o *out) {
	openPool(a.workers, a.n)
	c := make(collection, a.n)
	bursts := 1
	if a.n < 1000000 {
		bursts = 1000000 / a.n
	}
	burst(c, a.n)
	began := time.Now()
	for i := 0; i < bursts; i++ {
		burst(c, a.n)
	}
	o.perTask(began, bursts*a.n)
}

// Runs n goroutines that begin together; each is through when it returns.
func together(n int, prepare func(who int), run func(who int)) time.Duration {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	done.Add(n)
	for i := 0; i < n; i++ {
		go func(who int) {
			prepare(who)
			ready.Done()
			<-start
			run(who)
			done.Done()
		}(i)
	}
	ready.Wait()
	began := time.Now()
	close(start)
	done.Wait()
	return time.Since(began)
}

func w4(a args, o *out) {
	threads := or(a.param, 4)
	n, window := or(a.n/threads, 1), or(window/threads, 1)
	openPool(a.workers, window*threads)
	cs := make([]collection, threads)
	took := together(threads, func(who int) {
		cs[who] = make(collection, window)
		checkedFlow(cs[who], warmUp, window)
	}, func(who int) {
		checkedFlow(cs[who], n, window)
	})
	o.value = float64(took.Nanoseconds()) / float64(n*threads)
	o.unit = "ns/task"
}

func w9s(a args, o *out) {
	threads := or(a.param, 4)
	n, each := or(a.n/threads, 1), or(window/threads, 1)
	openPool(a.workers, window)
	c := make(collection, window)
	checkedFlow(c, warmUp, window)
	tallies := make([]tally, threads)
	took := together(threads, func(int) {}, func(who int) {
		var t tally
		flow(c, n, each, &t)
		tallies[who] = t
	})
	var all tally
	for _, t := range tallies {
		all.count += t.count
		all.sum += t.sum
	}
	must(all.count == n*threads && all.sum == n*(n-1)/2*threads,
		"all results came back")
	o.value = float64(took.Nanoseconds()) / float64(n*threads)
	o.unit = "ns/task"
}

func goRound(cs []collection, n, window int) {
	var t tally
	sent, k := 0, len(cs)
	for ; sent < n && sent < window*k; sent++ {
		cs[sent%k].submit(echo, sent)
	}
	for got := 0; got < n; got++ {
		t.add(<-cs[got%k])
		if sent < n {
			cs[sent%k].submit(echo, sent)
			sent++
		}
	}
	t.expect(n)
}

func w9i(a args, o *out) {
	k := or(a.param, 4)
	each := or(window/k, 1)
	openPool(a.workers, each*k)
	cs := make([]collection, k)
	for i := range cs {
		cs[i] = make(collection, each)
	}
	goRound(cs, warmUp, each)
	began := time.Now()
	goRound(cs, a.n, each)
	o.perTask(began, a.n)
}

// ---- Latency --------------------------------------------------------------

func sortAll(samples []int64) {
	sort.Slice(samples, func(i, j int) bool { return samples[i] < samples[j] })
}

func quantile(sorted []int64, q float64) float64 {
	return float64(sorted[int(q*float64(len(sorted)))])
}

func roundTrip(c collection, i int) {
	c.submit(echo, i)
	must(<-c == i, "the result came back")
}

func w2(a args, o *out) {
	openPool(a.workers, 1)
	c := make(collection, 1)
	limit := time.Duration(or(a.param, 1000)) * time.Millisecond
	samples := make([]int64, a.n)
	for i := 0; i < warmUp; i++ {
		roundTrip(c, i)
	}
	n := 0
	began := time.Now()
	last := began
	for n < a.n && last.Sub(began) < limit {
		before := time.Now()
		roundTrip(c, n)
		last = time.Now()
		samples[n] = last.Sub(before).Nanoseconds()
		n++
	}
	samples = samples[:n]
	sortAll(samples)
	o.value, o.unit = quantile(samples, 0.5), "ns"
	o.add("p99", quantile(samples, 0.99))
	o.add("mean", float64(last.Sub(began).Nanoseconds())/float64(n))
	o.add("trips", float64(n))
}

func batch(c collection) {
	var t tally
	timer := time.NewTimer(batchDeadline)
	for i := 0; i < batchSize; i++ {
		c.submit(spin, i)
	}
	for i := 0; i < batchSize; i++ {
		result, ok := c.next(timer.C)
		must(ok, "the deadline was not reached")
		t.add(result)
	}
	timer.Stop()
	t.expect(batchSize)
}

func w3(a args, o *out) {
	each := setSpin(float64(or(a.param, 20)))
	batches := or(a.n/batchSize, 1)
	atOnce := runtime.NumCPU()
	if atOnce > a.workers {
		atOnce = a.workers
	}
	openPool(a.workers, batchSize)
	c := make(collection, batchSize)
	batch(c)
	began := time.Now()
	for i := 0; i < batches; i++ {
		batch(c)
	}
	took := float64(time.Since(began).Nanoseconds())
	o.value = took / (float64(batches*batchSize) * each / float64(atOnce))
	o.unit = "x"
	o.add("each_us", each/1000)
}

func w6(a args, o *out) {
	openPool(a.workers, warmUp)
	c := make(collection, warmUp)
	burst(c, warmUp)
	wait := time.Duration(or(a.param, 1000)) * time.Microsecond
	late := make([]int64, a.n)
	early := 0
	for i := range late {
		deadline := time.Now().Add(wait)
		_, ok := c.next(time.NewTimer(wait).C)
		late[i] = time.Since(deadline).Nanoseconds()
		must(!ok, "nothing came")
		if late[i] < 0 {
			early++
		}
	}
	sortAll(late)
	o.value, o.unit = quantile(late, 0.5)/1000, "us"
	o.add("early", float64(early))
	o.add("p99", quantile(late, 0.99)/1000)
}

// ---- Memory, nested waits, idling, work conservation ----------------------

func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	return pages * float64(os.Getpagesize())
}

// Returns the resident bytes when n tasks wait behind held workers.
func heldBurst(c collection, a args) (full float64) {
	var t tally
	held.Add(a.workers)
	gate = make(chan struct{})
	for i := 0; i < a.workers; i++ {
		c.submit(hold, i)
	}
	held.Wait()
	for i := 0; i < a.n; i++ {
		c.submit(echo, a.workers+i)
	}
	full = resident()
	close(gate)
	for i := 0; i < a.n+a.workers; i++ {
		t.add(<-c)
	}
	t.expect(a.n + a.workers)
	return
}

// The room in the channel is what a task takes: the count begins before it is
// made.
func w5(a args, o *out) {
	before := resident()
	openPool(a.workers, a.n+a.workers+warmUp)
	c := make(collection, a.n+a.workers+warmUp)
	n := float64(a.n)
	burst(c, warmUp)
	full := heldBurst(c, a)
	kept := resident() - before
	again := heldBurst(c, a)
	o.value, o.unit = (full-before)/n, "bytes"
	o.add("kept", kept/n)
	o.add("again", (again-full)/n)
}

func fib(n int, to chan<- int) {
	if n < 2 {
		to <- n
		return
	}
	first, second := make(chan int, 1), make(chan int, 1)
	go fib(n-1, first)
	go fib(n-2, second)
	to <- <-first + <-second
}

func w7(a args, o *out) {
	x, y := 0, 1 // fib(n) and fib(n+1)
	for i := 0; i < a.n; i++ {
		x, y = y, x+y
	}
	result := make(chan int, 1)
	began := time.Now()
	go fib(a.n, result)
	must(<-result == x, "fib")
	o.perTask(began, 2*y-1)
	o.unit = "ns/call"
}

func cpuUs() float64 {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil, "getrusage")
	us := func(t syscall.Timeval) float64 {
		return float64(t.Sec)*1e6 + float64(t.Usec)
	}
	return us(used.Utime) + us(used.Stime)
}

func w8(a args, o *out) {
	openPool(a.workers, warmUp)
	c := make(collection, warmUp)
	burst(c, warmUp)
	before := cpuUs()
	_, ok := c.next(time.NewTimer(time.Duration(a.n) * time.Millisecond).C)
	must(!ok, "nothing came")
	o.value, o.unit = cpuUs()-before, "us"
}

func w10(a args, o *out) {
	var t tally
	openPool(a.workers, a.n+warmUp)
	c := make(collection, a.n+warmUp)
	setSpin(1)
	burst(c, warmUp)
	began := time.Now()
	for i := 0; i < a.n; i++ {
		if i == a.param {
			c.submit(untilStopped, a.n)
		}
		c.submit(spin, i)
	}
	if a.param >= a.n {
		c.submit(untilStopped, a.n)
	}
	longIsBack := false
	for t.count < a.n {
		if result := <-c; result != a.n {
			t.add(result)
		} else {
			longIsBack = true
		}
	}
	o.value, o.unit = float64(time.Since(began).Nanoseconds())/1e6, "ms"
	t.expect(a.n)
	if !longIsBack {
		atomic.StoreInt32(&stopped, 1)
		must(<-c == a.n, "the long task came back")
	}
}
