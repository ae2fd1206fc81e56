"""bench_python - concurrent.futures.ThreadPoolExecutor

W1a, W9n: as_completed().  The others: a SimpleQueue for each collection, to
which every future adds itself when it is done, as as_completed() is made for a
set that is known; so W1b and W1d are the same here.

The command line, the loops and the line that is printed are those of the
programs in C: see bench.h, flow.h and workloads.h.

SPDX-License-Identifier: MIT
"""

import os
import platform
import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

WINDOW = 1024
WARM_UP = 1000
BATCH = 64
BATCH_DEADLINE = 10_000_000_000
NOT_APPLICABLE = 77


def must(holds, what):
    if not holds:
        sys.exit(f"bench_python: does not hold: {what}")


class Out:
    """What a workload found."""

    def __init__(self):
        self.value, self.unit, self.more = 0.0, "", ""

    def per_task(self, began, n):
        self.value = (time.monotonic_ns() - began) / n
        self.unit = "ns/task"

    def add(self, key, value):
        self.more += f" {key}={value:.6g}"


class Tally:
    """Every result is there."""

    def __init__(self):
        self.count = self.sum = 0

    def add(self, result):
        self.count += 1
        self.sum += result

    def expect(self, n):
        must(self.count == n and self.sum == n * (n - 1) // 2,
             "all results came back")


# ---- Tasks -----------------------------------------------------------------

spin_turns = 0
stopped = threading.Event()


def echo(arg):
    return arg


def compute(turns):
    x = 1
    for _ in range(turns):
        x = x * 1103515245 + 12345 & 0x7FFFFFFF
    return x


def spin(arg):
    compute(spin_turns)
    return arg


def least_ns(turns):
    least = 1 << 62
    for _ in range(200):
        began = time.monotonic_ns()
        compute(turns)
        least = min(least, time.monotonic_ns() - began)
    return least


def set_spin(us):
    global spin_turns
    spin_turns = max(1, round(us * 1000 / (least_ns(1000) / 1000)))
    return least_ns(spin_turns)


def until_stopped(arg):
    until = time.monotonic_ns() + 1_000_000_000
    while not stopped.is_set() and time.monotonic_ns() < until:
        compute(10)
    return arg


# ---- The collection --------------------------------------------------------

pool = None


class Collection:
    def __init__(self):
        self.done = queue.SimpleQueue()

    def submit(self, fn, arg):
        pool.submit(fn, arg).add_done_callback(self.done.put)

    def next(self):
        return self.done.get().result()

    def next_until(self, deadline):
        left = max(0, deadline - time.monotonic_ns()) / 1e9
        try:
            return self.done.get(timeout=left).result()
        except queue.Empty:
            return None


# ---- Throughput ------------------------------------------------------------

def burst(n):
    tally = Tally()
    futures = [pool.submit(echo, i) for i in range(n)]
    for future in as_completed(futures):
        tally.add(future.result())
    tally.expect(n)


def flow(c, n, window, tally):
    sent = 0
    while sent < min(n, window):
        c.submit(echo, sent)
        sent += 1
    for _ in range(n):
        tally.add(c.next())
        if sent < n:
            c.submit(echo, sent)
            sent += 1


def checked_flow(c, n, window):
    tally = Tally()
    flow(c, n, window, tally)
    tally.expect(n)


def w1a(n, workers, param, out):
    burst(WARM_UP)
    began = time.monotonic_ns()
    burst(n)
    out.per_task(began, n)


def w1b(n, workers, param, out):
    c = Collection()
    checked_flow(c, WARM_UP, param or WINDOW)
    began = time.monotonic_ns()
    checked_flow(c, n, param or WINDOW)
    out.per_task(began, n)


def w9n(n, workers, param, out):
    bursts = max(1, 100_000 // n)
    burst(n)
    began = time.monotonic_ns()
    for _ in range(bursts):
        burst(n)
    out.per_task(began, bursts * n)


def together(k, prepare, run):
    """Threads that begin together; the ns until all are through."""
    ends = []
    barrier = threading.Barrier(k + 1)

    def main(who):
        prepare(who)
        barrier.wait()
        run(who)
        ends.append(time.monotonic_ns())

    threads = [threading.Thread(target=main, args=(who,)) for who in range(k)]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.monotonic_ns()
    for thread in threads:
        thread.join()
    must(len(ends) == k, "all threads came through")
    return max(ends) - began


def w4(n, workers, param, out):
    k = param or 4
    each, window = max(1, n // k), max(1, WINDOW // k)
    cs = [Collection() for _ in range(k)]
    took = together(k, lambda who: checked_flow(cs[who], WARM_UP, window),
                    lambda who: checked_flow(cs[who], each, window))
    out.value, out.unit = took / (each * k), "ns/task"


def w9s(n, workers, param, out):
    k = param or 4
    each, window = max(1, n // k), max(1, WINDOW // k)
    c = Collection()
    checked_flow(c, WARM_UP, WINDOW)
    tallies = [Tally() for _ in range(k)]
    took = together(k, lambda who: None,
                    lambda who: flow(c, each, window, tallies[who]))
    must(sum(t.count for t in tallies) == each * k and
         sum(t.sum for t in tallies) == each * (each - 1) // 2 * k,
         "all results came back")
    out.value, out.unit = took / (each * k), "ns/task"


def go_round(cs, n, window):
    tally = Tally()
    sent = 0
    while sent < min(n, window * len(cs)):
        cs[sent % len(cs)].submit(echo, sent)
        sent += 1
    for got in range(n):
        tally.add(cs[got % len(cs)].next())
        if sent < n:
            cs[sent % len(cs)].submit(echo, sent)
            sent += 1
    tally.expect(n)


def w9i(n, workers, param, out):
    k = param or 4
    cs = [Collection() for _ in range(k)]
    window = max(1, WINDOW // k)
    go_round(cs, WARM_UP, window)
    began = time.monotonic_ns()
    go_round(cs, n, window)
    out.per_task(began, n)


# ---- Latency ---------------------------------------------------------------

def quantile(ordered, q):
    return ordered[int(q * len(ordered))]


def round_trip(c, i):
    c.submit(echo, i)
    must(c.next() == i, "the result came back")


def w2(n, workers, param, out):
    c = Collection()
    for i in range(WARM_UP):
        round_trip(c, i)
    samples = []
    began = last = time.monotonic_ns()
    while len(samples) < n and last - began < (param or 1000) * 1_000_000:
        before = time.monotonic_ns()
        round_trip(c, len(samples))
        last = time.monotonic_ns()
        samples.append(last - before)
    samples.sort()
    out.value, out.unit = quantile(samples, 0.5), "ns"
    out.add("p99", quantile(samples, 0.99))
    out.add("mean", (last - began) / len(samples))
    out.add("trips", len(samples))


def batch(c):
    tally = Tally()
    deadline = time.monotonic_ns() + BATCH_DEADLINE
    for i in range(BATCH):
        c.submit(spin, i)
    for _ in range(BATCH):
        result = c.next_until(deadline)
        must(result is not None, "the deadline was not reached")
        tally.add(result)
    tally.expect(BATCH)


def processors():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def w3(n, workers, param, out):
    each = set_spin(param or 20)
    batches = max(1, n // BATCH)
    c = Collection()
    batch(c)
    began = time.monotonic_ns()
    for _ in range(batches):
        batch(c)
    took = time.monotonic_ns() - began
    ideal = batches * BATCH * each / min(processors(), workers)
    out.value, out.unit = took / ideal, "x"
    out.add("each_us", each / 1000)


def w6(n, workers, param, out):
    c = Collection()
    checked_flow(c, WARM_UP, WINDOW)
    late = []
    for _ in range(n):
        deadline = time.monotonic_ns() + (param or 1000) * 1000
        must(c.next_until(deadline) is None, "nothing came")
        late.append(time.monotonic_ns() - deadline)
    late.sort()
    out.value, out.unit = quantile(late, 0.5) / 1000, "us"
    out.add("early", sum(ns < 0 for ns in late))
    out.add("p99", quantile(late, 0.99) / 1000)


# ---- Memory, idling, work conservation -------------------------------------

def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def held_burst(c, n, workers):
    tally = Tally()
    gate = threading.Event()
    held = threading.Barrier(workers + 1)

    def hold(arg):
        held.wait()
        gate.wait()
        return arg

    for i in range(workers):
        c.submit(hold, i)
    held.wait()
    before = resident()
    for i in range(workers, n + workers):
        c.submit(echo, i)
    full = resident()
    gate.set()
    for _ in range(n + workers):
        tally.add(c.next())
    tally.expect(n + workers)
    return before, full


def w5(n, workers, param, out):
    c = Collection()
    checked_flow(c, WARM_UP, WINDOW)
    before, full = held_burst(c, n, workers)
    kept = resident() - before
    _, again = held_burst(c, n, workers)
    out.value, out.unit = (full - before) / n, "bytes"
    out.add("kept", kept / n)
    out.add("again", (again - full) / n)


def w8(n, workers, param, out):
    c = Collection()
    checked_flow(c, WARM_UP, WINDOW)
    before = time.process_time_ns()
    deadline = time.monotonic_ns() + n * 1_000_000
    must(c.next_until(deadline) is None, "nothing came")
    out.value, out.unit = (time.process_time_ns() - before) / 1000, "us"


def w10(n, workers, param, out):
    c = Collection()
    tally = Tally()
    set_spin(1)
    checked_flow(c, WARM_UP, WINDOW)
    began = time.monotonic_ns()
    for i in range(n + 1):
        if i == min(param, n):
            c.submit(until_stopped, n)
        if i < n:
            c.submit(spin, i)
    long_is_back = False
    while tally.count < n:
        result = c.next()
        if result == n:
            long_is_back = True
        else:
            tally.add(result)
    out.value, out.unit = (time.monotonic_ns() - began) / 1e6, "ms"
    tally.expect(n)
    stopped.set()
    must(long_is_back or c.next() == n, "the long task came back")


# ---- The program -----------------------------------------------------------

WORKLOADS = {"w1a": w1a, "w1b": w1b, "w1d": w1b, "w2": w2, "w3": w3, "w4": w4,
             "w5": w5, "w6": w6, "w8": w8, "w9n": w9n, "w9s": w9s,
             "w9i": w9i, "w10": w10}
MISSING = {"w1c": "takes one result at a time",
           "w7": "nested waits deadlock"}


def numbers():
    try:
        found = [int(text) for text in sys.argv[2:]]
    except ValueError:
        found = []
    if len(found) not in (2, 3) or min(found) < 0 or 0 in found[:2]:
        print("usage: bench_python WORKLOAD N WORKERS [PARAM]",
              file=sys.stderr)
        sys.exit(2)
    return found if len(found) == 3 else found + [0]


def main():
    global pool
    if sys.argv[1:] == ["version"]:
        print(platform.python_version())
        return
    n, workers, param = numbers()
    name = sys.argv[1]
    if name not in WORKLOADS:
        why = MISSING.get(name, "no such workload")
        print(f"peer=python workload={name} n/a: {why}")
        sys.exit(NOT_APPLICABLE)
    out = Out()
    with ThreadPoolExecutor(workers) as pool:
        WORKLOADS[name](n, workers, param, out)
    print(f"peer=python workload={name} n={n} workers={workers} param={param} "
          f"value={out.value:.6g} unit={out.unit}{out.more}")


main()
