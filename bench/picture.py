"""picture - the results as one SVG

One line for each row of the table.  A dot is the median of one program, as a
multiple of the afternoon pool's, on a logarithmic scale: left is better.  A
thin line goes from the least to the greatest of its rounds.

SPDX-License-Identifier: MIT
"""

import math
from xml.sax.saxutils import escape

from report import is_beside_load, short
from rows import BASE, LIMIT, OURS

WIDTH = 1000
LEFT, RIGHT = 318, 892    # of the scale
TOP, LINE = 146, 27       # the first row, and from one to the next
GAP = 13                  # between workloads

INK, SOFT, FAINT = "#1f2933", "#66727f", "#e4e8ec"
ACCENT = "#d6336c"
COLORS = {BASE: "#1f2933", "glib": "#2f74c0", "libuv": "#3a9d5d",
          "go": "#12a5b8", "tbb": "#7b4fc9", "asio": "#e08a1e",
          "moodycamel": "#8a6d3b", "apr": "#b04a3a", "dispatch": "#5f6b7a",
          "java": "#c2a500", "python": "#8a9a1f", LIMIT: "#9aa5b1"}
OTHER = "#a33ea1"  # a program that was named on the command line
SHAPES = ("circle", "square", "diamond", "triangle")


class Scale:
    """Multiples of the afternoon pool -> x."""

    def __init__(self, values):
        low = min([0.5] + values)
        high = max([2.0] + values)
        self.low = math.log10(low) - 0.12
        self.high = math.log10(high) + 0.12

    def x(self, value):
        at = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + at * (RIGHT - LEFT)

    def marks(self):
        first, last = math.ceil(self.low), math.floor(self.high)
        marks = [10.0 ** e for e in range(first, last + 1)]
        if len(marks) < 4:
            marks += [f * 10.0 ** e for e in range(first - 1, last + 1)
                      for f in (2, 5)]
        return sorted(m for m in marks
                      if self.low <= math.log10(m) <= self.high)


def figure(value, unit):
    if unit.startswith("ns") and value >= 10000:
        value, unit = value / 1000, "us"
    units = {"x": "\u00d7 ideal", "bytes": "bytes", "us": "\u00b5s"}
    return f"{short(value)} {units.get(unit, unit.partition('/')[0])}"


def text(x, y, words, size=12, color=INK, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" '
            f'text-anchor="{anchor}" font-weight="{weight}">'
            f"{escape(words)}</text>")


def rule(x1, y1, x2, y2, color, width=1.0, opacity=1.0):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{color}" stroke-width="{width}" '
            f'stroke-opacity="{opacity}"/>')


def dot(x, y, name, names):
    """Neighbors in the legend differ in shape, too."""
    if name == OURS:
        return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7.5" fill="{ACCENT}" '
                'stroke="#fff" stroke-width="1.6"/>')
    style = (f'fill="{COLORS.get(name, OTHER)}" fill-opacity="0.88" '
             'stroke="#fff" stroke-width="1"')
    peers = [n for n in names if n != OURS]
    shape = SHAPES[peers.index(name) % len(SHAPES)]
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" {style}/>'
    points = {"square": ((-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)),
              "diamond": ((0, -6), (6, 0), (0, 6), (-6, 0)),
              "triangle": ((0, -5.6), (5.6, 4.4), (-5.6, 4.4))}[shape]
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)
    return f'<polygon points="{corners}" {style}/>'


# ---- What is drawn ----------------------------------------------------------

def pictured(result):
    """[(row, base)]: what can be compared with the afternoon pool."""
    by_name = {row["name"]: row for row in result["rows"]}
    found = []
    for row in result["rows"]:
        base = by_name.get(row["against"] or row["name"], {"programs": {}})
        median = base["programs"].get(BASE, {}).get("median")
        if median and (row["pictured"] or len(result["rows"]) < 12):
            found.append((row, median))
    return found


def kind(row):
    return row["name"].partition("/")[0].rstrip("abcd")


def places(rows):
    """The y of each row: a gap where another workload begins."""
    y, last, found = TOP, None, []
    for row, _ in rows:
        if last is not None:
            y += LINE + (GAP if kind(row) != last else 0)
        found.append(y)
        last = kind(row)
    return found


def draw_scale(scale, top, bottom):
    parts = []
    for mark in scale.marks():
        x = scale.x(mark)
        parts.append(rule(x, top, x, bottom, FAINT))
        label = "1" if mark == 1 else f"{mark:g}"
        parts.append(text(x, bottom + 17, label + " \u00d7", 11, SOFT,
                          "middle"))
    x = scale.x(1)
    parts.append(rule(x, top, x, bottom, INK, 1.2, 0.55))
    parts.append(text(x - 10, top - 8, "\u2190 cheaper", 11, SOFT, "end"))
    parts.append(text(x + 10, top - 8, "dearer \u2192", 11, SOFT))
    return parts


def draw_row(row, base, y, scale, names):
    label, _, number = row["name"].partition("/")
    workers = f"{row['workers']} worker" + ("s" if row["workers"] > 1 else "")
    parts = [text(24, y + 4, "W" + label[1:], 12, INK, weight="bold"),
             text(66, y + 4, row["title"], 12),
             text(LEFT - 14, y + 4, workers if number else "", 11, SOFT,
                  "end")]
    programs = row["programs"]
    shown = [n for n in names if programs.get(n, {}).get("state") == "ok"]
    shown.sort(key=lambda n: n == OURS)  # on top
    for name in shown:
        p = programs[name]
        x = scale.x(max(p["median"], 1e-9) / base)
        color = ACCENT if name == OURS else COLORS.get(name, OTHER)
        ends = [scale.x(max(p[k], 1e-9) / base) for k in ("min", "max")]
        parts.append(rule(max(ends[0], LEFT - 4), y, min(ends[1], RIGHT + 4),
                          y, color, 1.3, 0.4))
        parts.append(dot(x, y, name, names))
    if OURS in shown:
        load = "~ " if is_beside_load(row) else ""
        words = load + figure(programs[OURS]["median"], row["unit"])
        parts.append(text(WIDTH - 24, y + 4, words, 12, ACCENT, "end",
                          "bold"))
    return parts


def draw_legend(names):
    parts, x, y = [], 30.0, 92
    for name in names:
        words = "afternoon pool" if name == BASE else name
        width = 36 + 7.2 * len(words)
        if x + width > WIDTH - 20:
            x, y = 30.0, y + 20
        parts.append(dot(x, y, name, names))
        parts.append(text(x + 12, y + 4, words, 12,
                          ACCENT if name == OURS else INK,
                          weight="bold" if name == OURS else "normal"))
        x += width
    return parts


def draw(result):
    rows = pictured(result)
    names = [name for name in result["order"]
             if any(row["programs"].get(name, {}).get("state") == "ok"
                    for row, _ in rows)]
    values = [max(p["median"], 1e-9) / base for row, base in rows
              for p in row["programs"].values() if p["state"] == "ok"]
    scale = Scale(values)
    ys = places(rows)
    bottom = (ys[-1] if ys else TOP) + 18
    machine = result["machine"]
    parts = [
        text(24, 36, "The cost of a task, as a multiple of the afternoon "
             "pool's", 20, weight="bold"),
        text(24, 58, "Left is better. A dot is the median of "
             f"{result['rounds']} interleaved rounds, the thin line goes from "
             "the least to the greatest.", 12, SOFT),
        text(WIDTH - 24, TOP - 26, "ascompleted", 11, ACCENT, "end"),
        *draw_legend(names), *draw_scale(scale, TOP - 18, bottom)]
    for (row, base), y in zip(rows, ys):
        parts += draw_row(row, base, y, scale, names)
    parts.append(text(24, bottom + 44, f"{machine['processors']} \u00d7 "
                      f"{machine['model']}, {machine['system']}, "
                      f"{result['date']}", 11, SOFT))
    height = bottom + 62
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
            f'{height}" width="{WIDTH}" height="{height}" font-family="'
            "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', "
            "Arial, sans-serif\">\n"
            f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#fff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")
