"""report - what the samples say: medians, ratios, the tables

A result is a dictionary, as in bench.json: "rows" is a list of rows, each with
"programs" by name, each with a "state" and, if that is "ok", its figures.

SPDX-License-Identifier: MIT
"""

import statistics

from rows import BASE, LIMIT, OURS

CLEAN = 3  # medians leave out loaded rounds if at least that many are left


def summarize(row, samples, state, loaded):
    """One program in one row.  `samples`: by round, {"value": .., "more": ..};
    `loaded`: the rounds beside foreign load."""
    if state != "ok" or not samples:
        return {"state": state}
    used = [s for round_, s in samples.items() if round_ not in loaded]
    if len(used) < min(CLEAN, len(samples)):
        used = list(samples.values())
    values = [s["value"] for s in used]
    keys = {key for s in used for key in s["more"]}
    return {
        "state": "ok",
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "unit": used[0]["unit"],
        "more": {key: statistics.median(s["more"][key] for s in used
                                        if key in s["more"])
                 for key in sorted(keys)},
        "samples": {str(round_): s["value"] for round_, s in samples.items()},
    }


def is_beside_load(row):
    """Too few rounds were without foreign load: the figures mean little."""
    clean = row["rounds"] - len(row["loaded"])
    return clean < min(CLEAN, row["rounds"])


def add_ratios(result):
    """To the best peer, to the afternoon pool, and to each named build."""
    also = result["also"]
    by_name = {row["name"]: row for row in result["rows"]}
    for row in result["rows"]:
        programs = row["programs"]
        peers = {name: p["median"] for name, p in programs.items()
                 if p["state"] == "ok" and name not in (OURS, LIMIT, *also)}
        best = min(peers, key=peers.get) if peers else None
        row["best_peer"] = best
        base = by_name.get(row["against"] or row["name"], {"programs": {}})
        base = base["programs"].get(BASE, {"state": "n/a"})
        for program in programs.values():
            if program["state"] != "ok":
                continue
            program["to_best"] = ratio(program, best and peers[best])
            program["to_base"] = ratio(program, base.get("median"))
            program["to_also"] = {
                name: paired(program, programs[name], row["loaded"])
                for name in also if programs[name]["state"] == "ok"}


def ratio(program, value):
    return program["median"] / value if value else None


def paired(program, other, loaded):
    """The median of the ratios round by round: what changes between rounds,
    as where the host puts the processors, is then the same for both."""
    rounds = [r for r in program["samples"] if r in other["samples"]]
    clean = [r for r in rounds if int(r) not in loaded]
    if len(clean) >= min(CLEAN, len(rounds)):
        rounds = clean
    ratios = [program["samples"][r] / other["samples"][r] for r in rounds
              if other["samples"][r]]
    return statistics.median(ratios) if ratios else None


# ---- Figures as text --------------------------------------------------------

def short(value):
    """Three digits, whatever the size."""
    if value is None:
        return "-"
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    if abs(value) >= 10000:
        return f"{value / 1000:.3g}k"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def times(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def more(program):
    return "  ".join(f"{key} {short(value)}"
                     for key, value in program["more"].items())


def heading(result):
    machine = result["machine"]
    lines = [f"{machine['processors']} x {machine['model']}, "
             f"{machine['system']}, {result['date']}"]
    if result["warnings"]:
        lines += ["!! " + warning for warning in result["warnings"]]
    versions = [f"{name} {version}" for name, version
                in result["versions"].items() if version not in ("", "-")]
    lines.append(", ".join(versions))
    lines += [f"{name}: not here" for name in result["not_here"]]
    return lines


def table(result):
    """For people: a block for each row, the best first."""
    lines = heading(result)
    also = result["also"]
    if any(is_beside_load(row) for row in result["rows"]):
        lines.append("~ beside foreign load: these figures mean little")
    for row in result["rows"]:
        loaded = "  ~" if is_beside_load(row) else ""
        columns = "".join(f"{'/ ' + name:>10}" for name in also)
        label = "W" + row["name"][1:]
        lines += ["", f"{label:7} {row['description']}{loaded}",
                  f"        {'':13}{row['unit']:>9}{'min':>9}{'/ best':>8}"
                  f"{'/ aftn':>8}{columns}"]
        for name, program in in_order(row["programs"]):
            lines.append(line(name, program, also))
    return "\n".join(lines) + "\n"


def in_order(programs):
    ok = [(n, p) for n, p in programs.items() if p["state"] == "ok"]
    ok.sort(key=lambda item: item[1]["median"])
    return ok + [(n, p) for n, p in programs.items()
                 if p["state"] != "ok" and n != LIMIT]


def line(name, program, also):
    mark = ">" if name == OURS else " "
    start = f"      {mark} {name:13}"
    if program["state"] != "ok":
        return start + f"{program['state']:>9}"
    columns = "".join(f"{times(program['to_also'].get(other)):>10}"
                      for other in also)
    return (start + f"{short(program['median']):>9}{short(program['min']):>9}"
            f"{times(program['to_best']):>8}{times(program['to_base']):>8}"
            f"{columns}  {more(program)}").rstrip()


def markdown(result):
    """The medians as one matrix, for a document."""
    names = [name for name in result["order"]
             if any(row["programs"].get(name, {}).get("state") == "ok"
                    for row in result["rows"])]
    lines = ["| row | unit | " + " | ".join(names) + " | / best "
             "| / afternoon |",
             "|---" * (len(names) + 4) + "|"]
    for row in result["rows"]:
        cells = []
        for name in names:
            program = row["programs"].get(name, {"state": ""})
            cells.append(short(program["median"]) if program["state"] == "ok"
                         else program["state"].replace("left out", ""))
        ours = row["programs"].get(OURS, {})
        loaded = " ~" if is_beside_load(row) else ""
        lines.append(f"| W{row['name'][1:]}{loaded} {row['description']} "
                     f"| {row['unit']} | " + " | ".join(cells)
                     + f" | {times(ours.get('to_best'))}"
                     f" | {times(ours.get('to_base'))} |")
    return "\n".join(lines) + "\n"
