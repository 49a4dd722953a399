"""Draws the panels of a dashboard as SVG, of what a Prometheus has that scraped every second.

    python3 ops/check/draw.py ops/grafana/orders.json http://127.0.0.1:9090 300 > docs/dashboard-orders.svg

asks for the last 300 seconds.
"""

import html
import json
import math
import sys
import time
import urllib.parse
import urllib.request

POINTS = 60
# Series of a panel; of more, those that change most.
MOST = 6
COLUMN, ROW = 44, 26
GAP = 8
COLORS = ["#7eb26d", "#eab839", "#1f78c1", "#e24d42", "#ba43a9", "#6ed0e0"]
SCALES = {"s": [(1, "s"), (1e-3, "ms"), (1e-6, "us")], "bytes": [(2**30, "GiB"), (2**20, "MiB"), (1024, "KiB")]}


def ask(prometheus, query, seconds):
    end = time.time()
    step = seconds / POINTS
    form = {"query": query, "start": end - seconds, "end": end, "step": step}
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"{prometheus}/api/v1/query_range", data) as reply:
        found = json.load(reply)["data"]["result"]
    for series in found:
        values = [(1 - (end - at) / seconds, float(value)) for at, value in series["values"]]
        values = [(x, y) for x, y in values if math.isfinite(y)]
        if values:
            yield series["metric"], values


def lines(panel, prometheus, variables, seconds):
    """Names and values of the panel's series."""
    found = []
    for target in panel["targets"]:
        query = target["expr"].replace("$__rate_interval", "20s")
        for name, every in variables.items():
            query = query.replace(f"${name}", every)
        for labels, values in ask(prometheus, query, seconds):
            name = target["legendFormat"]
            for label, value in labels.items():
                name = name.replace(f"{{{{{label}}}}}", value.removeprefix("tradewind."))
            found.append((name, values))
    return sorted(found, key=change, reverse=True)[:MOST]


def change(line):
    values = [y for _, y in line[1]]
    return max(values) - min(values), max(values)


def told(value, unit):
    """A value as people write it."""
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit.startswith("suffix:"):
        return f"{value:.3g}{unit.removeprefix('suffix:')}"
    for factor, name in SCALES.get(unit, []):
        if abs(value) >= factor:
            return f"{value / factor:.3g} {name}"
    return f"{value:.3g}"


def text(x, y, words, **style):
    style = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:g}" y="{y:g}"{style}>{html.escape(words)}</text>'


def draw(panel, found, left, top, width, height):
    yield text(left, top + 10, panel["title"], font_weight="bold")
    if not found:
        yield text(left, top + 40, "no data", fill="#e24d42")
        return
    unit = panel["fieldConfig"]["defaults"]["unit"]
    legend = 12 * len(found)
    bottom = top + height - legend - 8
    high = max(max(y for _, y in values) for _, values in found)
    low = min(0, min(min(y for _, y in values) for _, values in found))
    scale = (bottom - top - 20) / ((high - low) or 1)
    yield f'<path d="M{left:g} {top + 20:g}V{bottom:g}H{left + width:g}" stroke="#bbb" fill="none"/>'
    yield text(left + width, top + 10, told(high, unit), text_anchor="end", fill="#777")
    for number, (name, values) in enumerate(found):
        color = COLORS[number % len(COLORS)]
        points = " ".join(f"{left + x * width:.0f},{bottom - (y - low) * scale:.0f}" for x, y in values)
        yield f'<polyline points="{points}" stroke="{color}" fill="none"/>'
        y = bottom + 14 + 12 * number
        yield f'<rect x="{left:g}" y="{y - 7:g}" width="8" height="8" fill="{color}"/>'
        yield text(left + 12, y, f"{name}: {told(values[-1][1], unit)}", fill="#444", font_size=9)


def main():
    path, prometheus, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with open(path) as file:
        dashboard = json.load(file)
    variables = {it["name"]: it["allValue"] for it in dashboard["templating"]["list"] if "allValue" in it}
    parts, bottom = [], 0
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        left, top = GAP + place["x"] * COLUMN, GAP + place["y"] * ROW
        width, height = place["w"] * COLUMN - 2 * GAP, place["h"] * ROW - GAP
        bottom = max(bottom, top + height + GAP)
        if panel["type"] == "row":
            parts.append(text(left, top + 14, panel["title"], font_size=13, fill="#1f78c1"))
        else:
            parts += draw(panel, lines(panel, prometheus, variables, seconds), left, top, width, height)
    width = 24 * COLUMN + GAP
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom:g}" '
          f'font-family="sans-serif" font-size="11">')
    print(f'<rect width="{width}" height="{bottom:g}" fill="#fff"/>')
    print("\n".join(parts))
    print("</svg>")


if __name__ == "__main__":
    main()
