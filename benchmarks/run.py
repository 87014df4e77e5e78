"""What tracker costs beside its peers, each run as a whole process: `make bench`. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from environments import HERE, ROOT, WORK, make_environments
from figures import Row, as_json, budgets, from_json, replaced, rows_of, table, weighed, worse
from measure import BenchError, run_in_turn
from releases import DATA
from works import Section, sections

LAST = HERE / "last.json"
PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "growth"
GROWTH = "growth"
QUICK_RUNS, SLOW = 3, 20
"""Runs if there is no time, and seconds from which on the first run is the only one."""

Told = dict[str, Any]
"""A section as it is committed: when and where it was measured, its rows, and on what the programs agree."""


def measured(section: Section, *, quick: bool) -> Told:
    """Run a section, and return what it took."""
    runs = min(QUICK_RUNS, section.runs) if quick else section.runs
    run_in_turn(section.measures, runs, slow=SLOW, known=section.known)
    rows = [*rows_of(section.measures), *weighed(section.weighed())]
    agreed = {one.work: one.told for one in section.measures if one.told}
    return {**_circumstances(runs), "agreed": agreed, "rows": [as_json(row) for row in rows]}


def measured_growth(*, quick: bool) -> Told:
    """Measure how the cost grows, and return the results."""
    import growth

    return {**_circumstances(0), "results": growth.measure(quick=quick)}


def rows_in(told: Mapping[str, Told]) -> list[Row]:
    """Return the rows of all sections."""
    rows = [from_json(row) for section in told.values() for row in section.get("rows", ())]
    if GROWTH in told:
        rows.append(million(told[GROWTH]["results"]["figures"]))
    return rows


def million(figures: Iterable[Mapping[str, Any]]) -> Row:
    """Return the diff of a million codes out of the figures of growth, for its budget."""
    found = {one["what"]: one for one in figures if one["axis"] == "million"}
    seconds, peak = found.get("diff"), found.get("diff MiB")
    return Row(
        "growth, 1,000,000 codes",
        "tracker, diff",
        (seconds["lowest"], seconds["median"], seconds["highest"]) if seconds else None,
        peak=peak["highest"] if peak else None,
    )


def text_of(section: Told) -> str:
    """Return a section's table, on what its programs agree, and when and where it was measured."""
    runs = f"{section['runs']} runs in turn, " if section["runs"] else ""
    parts = [
        table(map(from_json, section["rows"])),
        "\n".join(f"- {work}: {answer}, say all programs." for work, answer in section["agreed"].items()),
        f"Measured {runs}{section['measured']}.",
    ]
    return "\n\n".join(filter(None, parts))


def write(told: Mapping[str, Told]) -> None:
    """Write what was measured into the last figures and the page; what was not measured stays there."""
    last = {**_last(), **told}
    page = PAGE.read_text(encoding="utf-8")
    for name, section in told.items():
        page = replaced(page, name, _growth_text(section) if name == GROWTH else text_of(section))
    PAGE.write_text(replaced(page, "budgets", budgets(rows_in(last))), encoding="utf-8")
    LAST.write_text(json.dumps(last, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _growth_text(section: Told) -> str:
    """Write the plots, and return the tables."""
    import growth

    text, plots = growth.render(section["results"])
    PLOTS.mkdir(exist_ok=True)
    for name, plot in plots.items():
        (PLOTS / name).write_text(plot, encoding="utf-8")
    return f"{text}\n\nMeasured {section['measured']}."


def check(last: Mapping[str, Told], told: Mapping[str, Told]) -> None:
    """Print what became worse than the last figures, and if anything did end with 1."""
    found = worse(rows_in(last), rows_in(told))
    print("\n".join(f"worse: {one}" for one in found) or "nothing became worse")
    if found:
        sys.exit(1)


def _last() -> dict[str, Told]:
    return dict(json.loads(LAST.read_text(encoding="utf-8"))) if LAST.is_file() else {}


def _circumstances(runs: int) -> Told:
    python = f"Python {platform.python_version()}, {platform.system()} on {platform.machine()}"
    return {
        "runs": runs,
        "measured": f"on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors, {python}",
    }


def main() -> None:
    """Prepare, measure section by section, print, and check or write if asked."""
    releases = os.environ.get("TRACKER_RELEASES")
    every = sections(Path(releases) if releases else None)
    names = [*every, GROWTH]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"at most {QUICK_RUNS} runs")
    parser.add_argument("--only", action="append", choices=names, help="this section; repeatable")
    parser.add_argument("--check", action="store_true", help="end with 1 if something became worse than last.json says")
    parser.add_argument("--write", action="store_true", help="write last.json and the tables of docs/performance.md")
    options = parser.parse_args()
    last, told = _last(), dict[str, Told]()
    if options.check and not last:
        parser.error(f"there is no {LAST.relative_to(ROOT)} to compare with: write it first, with --write")
    for name in [name for name in os.environ if name.startswith(("TRACKER_", "PYTHON"))]:
        del os.environ[name]  # what is measured is the program as it comes
    WORK.mkdir(exist_ok=True)
    shutil.rmtree(DATA, ignore_errors=True)
    try:
        make_environments()
        for name in [name for name in names if name in (options.only or names)]:
            print(f"\n{name} …", file=sys.stderr)
            if name == GROWTH:
                told[name] = measured_growth(quick=options.quick)
            else:
                told[name] = measured(every[name](), quick=options.quick)
                print(text_of(told[name]), flush=True)
            if options.write:  # at once: a later section may fail
                write({name: told[name]})
    except BenchError as error:
        sys.exit(f"error: {error}")
    print(f"\n{budgets(rows_in(told))}")
    if options.check:
        check(last, told)


if __name__ == "__main__":
    main()
