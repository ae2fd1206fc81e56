"""run - the driver: ascompleted and its peers on the same workloads

The programs are interleaved: each round runs every row, each row runs every
program, and each round starts at another program.  Prints a table and writes
bench.json, bench.md and bench.svg.  README.md says how to read them.

Only Python's standard library is used.

SPDX-License-Identifier: MIT
"""

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the source tree may not be ours to write to

import picture  # noqa: E402
import report  # noqa: E402
import rows as rows_module  # noqa: E402
from rows import OURS, Program  # noqa: E402

NOT_APPLICABLE = 77
FOREIGN = 0.15  # of one processor: then a round counts as loaded


def arguments():
    parser = argparse.ArgumentParser(
        prog="run.py", description="Run ascompleted beside its peers.")
    parser.add_argument("--set", choices=("short", "long"), default="short",
                        help="short: 5 programs, W1 to W4, 5 rounds; long: "
                        "everything, 9 rounds")
    parser.add_argument("--rows", default="", metavar="NAME,...",
                        help="only these: w1b, w4/8, ... (see --list)")
    parser.add_argument("--programs", default="", metavar="NAME,...",
                        help="only these (see --list)")
    parser.add_argument("--also", action="append", default=[],
                        metavar="NAME=PATH", help="one program more, such as "
                        "the bench_ac of another build; may be repeated")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--tasks", type=int, metavar="N",
                        help="in the rows of W1, W2, W4 and W9 (300000; of "
                        "the long set 1000000)")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS",
                        help="for one run of one program (60)")
    parser.add_argument("--bin", default="bench", metavar="DIR",
                        help="where the programs were built (bench)")
    parser.add_argument("--out", metavar="DIR",
                        help="where the results go (that of --bin)")
    parser.add_argument("--from", dest="from_", metavar="FILE",
                        help="do not run: show that bench.json once more")
    parser.add_argument("--list", action="store_true",
                        help="name all rows and programs")
    args = parser.parse_args()
    if args.tasks is None:
        args.tasks = 1000000 if args.set == "long" else 300000
    return args


# ---- What is to be run ------------------------------------------------------

def split(text):
    return [word for word in text.replace(" ", ",").split(",") if word]


def complain(text):
    print("run.py: " + text, file=sys.stderr)
    sys.exit(2)


def programs_of(args):
    """Those to run, and the names of those that are not here."""
    source = os.path.dirname(os.path.abspath(__file__))
    known = rows_module.all_programs(os.path.abspath(args.bin), source,
                                     os.environ.get("JAVA") or "java",
                                     sys.executable)
    names = split(args.programs)
    unknown = set(names) - {p.name for p in known}
    if unknown:
        complain(f"no such program: {', '.join(sorted(unknown))}")
    if names:
        wanted = [p for p in known if p.name in names]
    else:
        wanted = [p for p in known if p.short or args.set == "long"]
    for text in args.also:
        name, _, path = text.partition("=")
        if not path or name in {p.name for p in known}:
            complain(f"--also wants NAME=PATH with a new name, not {text}")
        wanted.insert(1, Program(name, [os.path.abspath(path)]))
    here = [p for p in wanted if p.is_here()]
    return here, [p.name for p in wanted if not p.is_here()]


def rows_of(args):
    every = rows_module.all_rows(args.tasks, args.set == "long")
    chosen = rows_module.choose(every, args.set == "long", split(args.rows))
    if not chosen:
        complain(f"no row is called {args.rows}")
    return chosen


def show_list(args):
    for row in rows_module.all_rows(args.tasks, True):
        print(f"{row.name:9} {row.describe()}")
    print()
    for program in rows_module.all_programs(args.bin, ".", "java", "python"):
        print(program.name)


# ---- Running ----------------------------------------------------------------

def parse(line):
    """A line of key=value pairs -> value, unit, and the numbers it adds."""
    pairs = dict(word.partition("=")[::2] for word in line.split())
    sample = {"value": float(pairs["value"]), "unit": pairs["unit"],
              "build": pairs.get("build", ""), "more": {}}
    fixed = {"peer", "workload", "n", "workers", "param", "value", "unit",
             "build"}
    for key, value in pairs.items():
        if key not in fixed:
            sample["more"][key] = float(value)
    return sample


def run_once(program, row, timeout):
    """(state, sample): "ok", "n/a", "timeout" or "failed"."""
    command = program.call(row)
    try:
        done = subprocess.run(command, timeout=timeout, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False, env={**os.environ, "LC_ALL": "C"})
    except subprocess.TimeoutExpired:
        return "timeout", None
    if done.returncode == NOT_APPLICABLE:
        return "n/a", None
    try:
        if done.returncode == 0:
            return "ok", parse(done.stdout)
    except (KeyError, ValueError):
        pass
    print(f"\nFAILED ({done.returncode}): {' '.join(command)}\n"
          f"{done.stdout}{done.stderr}", file=sys.stderr)
    return "failed", None


class Load:
    """How much the processors did that was not for us; Linux only."""

    def __init__(self):
        self.began = self.now()

    @staticmethod
    def now():
        try:
            with open("/proc/stat", encoding="ascii") as file:
                fields = [int(word) for word in file.readline().split()[1:9]]
        except OSError:
            return None
        busy = sum(fields) - fields[3] - fields[4]  # not idle, not waiting
        own = sum(sum(resource.getrusage(who)[:2]) for who in
                  (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return busy / os.sysconf("SC_CLK_TCK") - own, time.monotonic()

    def foreign(self):
        """In processors, since it was made."""
        end = self.now()
        if end is None or self.began is None:
            return 0.0
        # The system counts in ticks.
        seconds = max(0.0, end[0] - self.began[0] - 0.03)
        return seconds / max(1e-9, end[1] - self.began[1])


class Runs:
    """All samples: by row and program, by round."""

    def __init__(self, rows, programs, rounds, timeout):
        self.rows, self.programs = rows, programs
        self.rounds, self.timeout = rounds, timeout
        self.samples = {(r.name, p.name): {} for r in rows for p in programs}
        self.states = {}
        self.foreign = {row.name: {} for row in rows}

    def rounds_of(self, row):
        return min(self.rounds, row.rounds or self.rounds)

    def run(self):
        began = time.monotonic()
        for round_ in range(self.rounds):
            first = round_ % len(self.programs)
            order = self.programs[first:] + self.programs[:first]
            for row in self.rows:
                if round_ < self.rounds_of(row):
                    self.say(round_, row, began)
                    self.run_row(round_, row, order)
        print("\r\x1b[K" if sys.stderr.isatty() else "", end="",
              file=sys.stderr)

    def run_row(self, round_, row, order):
        load = Load()
        for program in order:
            key = row.name, program.name
            if row.programs is not None and program.name not in row.programs:
                self.states[key] = "left out"
            if self.states.get(key, "ok") != "ok":
                continue  # once is enough
            state, sample = run_once(program, row,
                                     self.timeout * row.patience)
            self.states[key] = state
            if sample is not None:
                self.samples[key][round_] = sample
        self.foreign[row.name][round_] = load.foreign()

    def say(self, round_, row, began):
        text = (f"round {round_ + 1} of {self.rounds}, "
                f"{time.monotonic() - began:.0f} s: {row.name}")
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", flush=True, file=sys.stderr)
        elif row is self.rows[0]:
            print(text, flush=True, file=sys.stderr)


# ---- The result -------------------------------------------------------------

def machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    model = line.partition(":")[2].strip()
                    break
    except OSError:
        pass
    count = (len(os.sched_getaffinity(0))
             if hasattr(os, "sched_getaffinity") else os.cpu_count())
    return {"model": model, "processors": count,
            "system": f"{platform.system()} {platform.release()} "
            f"{platform.machine()}"}


def versions(programs):
    found = {}
    for program in programs:
        done = subprocess.run(program.command + ["version"], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)
        found[program.name] = done.stdout.strip()
    return found


def result_of(runs, args, not_here):
    rows, builds = [], set()
    for row in runs.rows:
        loaded = [r for r, share in runs.foreign[row.name].items()
                  if share > FOREIGN]
        programs = {}
        for program in runs.programs:
            key = row.name, program.name
            samples = runs.samples[key]
            builds |= {s["build"] for s in samples.values()}
            programs[program.name] = report.summarize(
                row, samples, runs.states.get(key, "n/a"), loaded)
        units = [p["unit"] for p in programs.values() if "unit" in p]
        rows.append({
            "name": row.name, "workload": row.workload, "n": row.n,
            "workers": row.workers, "param": row.param, "title": row.title,
            "description": row.describe(), "against": row.against,
            "pictured": row.pictured, "rounds": runs.rounds_of(row),
            "loaded": loaded, "unit": units[0] if units else "-",
            "foreign": {str(r): round(share, 3) for r, share
                        in runs.foreign[row.name].items()},
            "programs": programs})
    warnings = [f"not a build to measure: {build}"
                for build in sorted(builds - {""})]
    return {"machine": machine(), "warnings": warnings, "rows": rows,
            "date": datetime.date.today().isoformat(),
            "rounds": runs.rounds, "not_here": not_here,
            "also": [text.partition("=")[0] for text in args.also],
            "versions": versions(runs.programs),
            "order": [p.name for p in runs.programs]}


def write(directory, result):
    def put(name, text):
        path = os.path.join(directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        print(path)

    put("bench.json", json.dumps(result, indent=1) + "\n")
    put("bench.md", report.markdown(result))
    put("bench.svg", picture.draw(result))


def main():
    args = arguments()
    if args.list:
        show_list(args)
        return 0
    if args.from_:
        with open(args.from_, encoding="utf-8") as file:
            result = json.load(file)
    else:
        rounds = args.rounds or (9 if args.set == "long" else 5)
        rows, (programs, not_here) = rows_of(args), programs_of(args)
        if not programs:
            complain(f"none of the programs is in {args.bin}")
        runs = Runs(rows, programs, rounds, args.timeout)
        runs.run()
        result = result_of(runs, args, not_here)
        result["also"] = [n for n in result["also"] if n not in not_here]
    report.add_ratios(result)
    print(report.table(result))
    out = args.out or args.bin
    os.makedirs(out, exist_ok=True)
    write(out, result)
    failed = any(p["state"] == "failed" for row in result["rows"]
                 for p in row["programs"].values())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
