"""peer_table - the figures of contrib/bench-peers as text for people

Medians of the rounds. contrib/bench-peers --help says how to read the columns.
"""
import statistics

from peer_servers import CHAIN

FLOOR = {"inbound": "bare", "sign": "bare+rsa"}


def middle(rounds):
    """Median, least and greatest of each figure."""
    return {key: (statistics.median(values), min(values), max(values))
            for key in rounds[0]
            for values in [[r[key] for r in rounds]]}


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, len(values) * p // 100)]


def columns(lines):
    """Lines of cells: the first two to the left, figures to the right."""
    widths = [max(len(line[i]) for line in lines)
              for i in range(len(lines[0]))]
    return "\n".join("  ".join(
        cell.ljust(w) if i < 2 else cell.rjust(w)
        for i, (cell, w) in enumerate(zip(line, widths))).rstrip()
        for line in lines)


def chain_line(work, found):
    """What the chain costs together: the sum of its members."""
    cpu = sum(found[name]["cpu"][0] for name in CHAIN)
    p50 = sum(found[name]["p50"][0] for name in CHAIN)
    return [work, "chain", "", "%.2f" % cpu, "sum", "%.2f" % p50, "", ""], cpu


def load_lines(rows):
    by_work = {}
    for row in rows:
        by_work.setdefault(row["work"], {})[row["server"]] = middle(
            row["rounds"])
    for work, found in by_work.items():
        floor = found.get(FLOOR.get(work.split()[0], ""))
        lines = []
        for name, m in found.items():
            lines.append(([work, name, "%.0f" % m["rate"][0],
                           "%.2f" % m["cpu"][0], "%.2f-%.2f" % m["cpu"][1:]] +
                          ["%.2f" % m[p][0] for p in ("p50", "p90", "p99")],
                          m["cpu"][0]))
        if all(name in found for name in CHAIN) and work.startswith("inb"):
            lines.append(chain_line(work, found))
        for line, cpu in lines:
            times = floor and floor["cpu"][0]
            yield line + ["%.1f" % (cpu / times) if times else "-"]


def load_table(rows):
    return columns([["work", "server", "a second", "CPU-s/1000", "range",
                     "p50 ms", "p90 ms", "p99 ms", "x floor"]] +
                   list(load_lines(rows)))


def cold_table(rows):
    return columns([["cold DNS", "", "p50 ms", "p90 ms", "p99 ms",
                     "queries"]] + [
        [row["server"], ""] + ["%.1f" % percentile(row["ms"], p)
                               for p in (50, 90, 99)] +
        ["%.1f" % statistics.mean(row["queries"])] for row in rows])


def memory_table(rows):
    return columns([["stage", "server", "open", "before MB", "after MB",
                     "KB each"]] + [
        [row["stage"], row["server"], str(row["open"]),
         "%.1f" % (row["before_kb"] / 1024), "%.1f" % (row["after_kb"] / 1024),
         "%.1f" % row["kb_per_session"]] for row in rows])


def stuck_table(rows):
    return columns([["silent DNS", "", "stuck", "p50 alone", "p50 beside",
                     "p99 alone", "p99 beside"]] + [
        [row["server"], "", "%d-%d" % (row["stuck_after"],
                                       row["stuck_before"])] +
        ["%.2f" % row[when][p] for p in ("p50", "p99")
         for when in ("alone", "beside")] for row in rows])


def text(result):
    m = result["machine"]
    parts = ["%s, %s, %d processors (%s), %d MB, Linux %s" % (
        result["date"], m["system"], m["processors"], m["model"],
        m["memory_mb"], m["kernel"]),
        "%d rounds of %d messages; load average %.1f before, %.1f after" % (
        result["options"]["rounds"], result["options"]["messages"],
        result["load_before"], result["load_after"])]
    if result["versions"]:
        parts.append(", ".join(
            "%s %s" % pair for pair in result["versions"].items()))
    for name, function in (("load", load_table), ("quota", load_table),
                           ("cold", cold_table), ("memory", memory_table),
                           ("stuck", stuck_table)):
        if result.get(name):
            parts += ["", function(result[name])]
    if result["trouble"]:
        parts += ["", "not measured, or not to the end:"]
        parts += ["  %s: %s" % x for x in result["trouble"].items()]
    return "\n".join(parts)
