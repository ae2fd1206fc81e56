"""rows - what there is to measure: the rows of the table and the programs

A row is one workload with its numbers; a program is one peer.  README.md says
what each workload is.

SPDX-License-Identifier: MIT
"""

import os

OURS = "ascompleted"
BASE = "afternoon"
LIMIT = "limit"


class Row:
    """One line of the table: what each program is called with."""

    def __init__(self, name, workload, n, workers, param=0, *, title,
                 long_only=False, rounds=None, programs=None, against=None,
                 pictured=False, patience=1):
        self.name = name          # e.g. "w1b/2"
        self.workload = workload
        self.n = n
        self.workers = workers
        self.param = param
        self.title = title
        self.long_only = long_only
        self.rounds = rounds      # at most that many
        self.programs = programs  # only these, None for all
        self.against = against    # the row of the afternoon pool to compare to
        self.pictured = pictured
        self.patience = patience  # times the time that a run may take

    def describe(self):
        workers = "worker" if self.workers == 1 else "workers"
        return f"{self.title}, {self.workers} {workers}"


def throughput_rows(tasks):
    """W1: what the afternoon pool cannot do is compared to its W1b."""
    kinds = [("w1a", "submit all, then collect", None),
             ("w1b", "1024 outstanding", None),
             ("w1c", "the same, many at once", "w1b"),
             ("w1d", "submit, then add", "w1b")]
    return [Row(f"{name}/{workers}", name, tasks, workers, title=title,
                against=against and f"{against}/{workers}", pictured=True)
            for name, title, against in kinds for workers in (1, 2)]


def latency_rows(tasks, long):
    rows = [Row(f"w2/{workers}", "w2", tasks, workers, 1000 if long else 500,
                title="round trip of one task", pictured=True)
            for workers in (1, 2, 8)]
    rows += [Row(f"w3/{workers}", "w3", 64000 if long else 19200, workers,
                 title="batches of 64 tasks of 20 us", pictured=True)
             for workers in (2, 8)]
    rows += [Row(f"w4/{workers}", "w4", tasks, workers, title="4 submitters",
                 pictured=True, long_only=workers == 1)
             for workers in (1, 2, 8)]
    return rows


def other_rows(tasks):
    some = {OURS, BASE, "go"}
    rows = [
        Row("w5", "w5", 1000000, 1, title="bytes per outstanding task",
            pictured=True),
        Row("w6", "w6", 500, 2, title="how late a deadline of 1 ms returns",
            pictured=True),
        Row("w7/1", "w7", 27, 1, title="fib(27), a task per call"),
        Row("w7/2", "w7", 27, 2, title="fib(27), a task per call"),
        Row("w8", "w8", 10000, 8, title="CPU time of 10 s of idling",
            rounds=3),
    ]
    rows += [Row(f"w9n/1e{e}", "w9n", 10 ** e, 2,
                 title=f"bursts of 10^{e}, warm") for e in (4, 5, 6)]
    rows.append(Row("w9n/1e7", "w9n", 10 ** 7, 2, rounds=3, programs=some,
                    title="bursts of 10^7, warm", patience=5))
    rows += [Row(f"w9w/{k}", "w1b", tasks, k, title="growth: 1024 outstanding")
             for k in (1, 2, 4, 8, 16, 32, 64)]
    rows += [Row(f"w9s/{k}", "w9s", tasks, 2, k,
                 title=f"growth: {k} threads, one collection")
             for k in (1, 4, 16, 64)]
    rows += [Row(f"w9i/{k}", "w9i", tasks, 2, k,
                 title=f"growth: one thread, {k} collections")
             for k in (1, 4, 16, 64)]
    rows += [Row(f"w10/{at}", "w10", 1000, 2, at,
                 title=f"a task of 1 s at place {at} of 1000")
             for at in (0, 1, 500, 999, 1000)]
    for row in rows:
        row.long_only = True
    return rows


def all_rows(tasks, long):
    return (throughput_rows(tasks) + latency_rows(tasks, long)
            + other_rows(tasks))


def choose(rows, long, names):
    """Those of the set, or those whose names begin with what is asked for:
    "w1" is all of W1, "w1b/2" is that row."""
    if not names:
        return [row for row in rows if long or not row.long_only]
    return [row for row in rows if any(answers(row, name) for name in names)]


def answers(row, name):
    kind = row.name.partition("/")[0]
    return name in (row.name, kind) or (
        kind.startswith(name) and kind[len(name):].isalpha())


# ---- Programs ---------------------------------------------------------------

class Program:
    """A peer: how it is run.  `slow` divides the numbers of tasks."""

    def __init__(self, name, command, *, slow=1, short=False):
        self.name = name
        self.command = command
        self.slow = slow
        self.short = short

    def is_here(self):
        return all(os.path.exists(part) for part in self.command
                   if os.sep in part)

    def call(self, row):
        n = row.n
        # Not what is a number of something else than tasks.
        if self.slow > 1 and row.workload not in ("w2", "w6", "w7", "w8",
                                                  "w10"):
            n = max(1, n // self.slow)
        return self.command + [row.workload, str(n), str(row.workers),
                               str(row.param)]


def all_programs(build, source, java, python):
    def native(name):
        return [os.path.join(build, f"bench_{name}")]

    classes = os.path.join(build, "java")
    return [
        Program(OURS, native("ac"), short=True),
        Program(BASE, native("afternoon"), short=True),
        Program("glib", native("glib"), short=True),
        Program("libuv", native("libuv"), short=True),
        Program("go", native("go"), short=True),
        Program("tbb", native("tbb")),
        Program("asio", native("asio")),
        Program("moodycamel", native("moodycamel")),
        Program("apr", native("apr")),
        Program("dispatch", native("dispatch")),
        Program("java", [java, "-cp", classes, "Bench"]),
        Program("python", [python, os.path.join(source, "bench_python.py")],
                slow=10),
        Program(LIMIT, native("limit"), short=True),
    ]
