"""How the growth of costs is measured: the made-up quarters, the laws, and the plots that show them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from growth import Figure, render
from plot import Line, Mark, Plot, apart, draw, linear_ticks, log_ticks, power, straight
from quarters import Quarters, write_snapshots, write_texts

from tracker import archive
from tracker.app.import_release import Options, import_path
from tracker.app.stored import open_stored
from tracker.home import Home

CODES = 6_000
SVG = "{http://www.w3.org/2000/svg}"


# ---------------------------------------------------------------- quarters


def test_each_quarter_adds_ends_and_changes_its_shares() -> None:
    rows: dict[str, dict[str, str]] = {}
    labels, counts = [], []
    for quarter in Quarters(CODES).quarters(6):
        labels.append(quarter.label)
        added = quarter.rows.keys() - rows.keys()
        differing = {code for code, row in rows.items() if quarter.rows[code] != row}
        ended = {code for code in differing if "TERM DT" in quarter.rows[code] and "TERM DT" not in rows[code]}
        counts.append((len(added), len(ended), len(differing - ended)))
        rows = dict(quarter.rows)
    assert labels == ["2005", "2005-04", "2005-07", "2005-10", "2006", "2006-04"]
    assert counts == [(CODES, 0, 0), *[(60, 30, 150)] * 5]


def test_ended_codes_never_change_again() -> None:
    last: dict[str, dict[str, str]] = {}
    for quarter in Quarters(CODES).quarters(12):
        assert {code: quarter.rows[code] for code in last} == last
        last |= {code: quarter.rows[code] for code in quarter.ended}
    assert len(last) == 11 * 30


def test_many_codes_are_of_five_characters() -> None:
    (quarter,) = Quarters(200_000).quarters(1)
    assert len(quarter.rows) == 200_000
    assert all(code[0].isalpha() and code.isalnum() and len(code) == 5 for code in quarter.rows)


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        quarters = write_texts(Quarters(CODES).quarters(3), tmp_path / name, {3})
        list(write_snapshots(quarters, tmp_path / name))
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert sorted(files) == ["2005-04.r1.jsonl", "2005-07.r1.jsonl", "2005-07.txt", "2005.r1.jsonl"]
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "other").iterdir()}


def test_the_snapshot_files_hold_what_importing_the_texts_stores(tmp_path: Path) -> None:
    quarters = write_texts(Quarters(CODES).quarters(3), tmp_path / "texts", {1, 2, 3})
    list(write_snapshots(quarters, tmp_path / "snapshots"))
    with open_stored(Home(tmp_path / "home"), to_write=True) as stored:
        for label in ("2005", "2005-04", "2005-07"):
            options = Options()
            (imported,) = import_path(stored, tmp_path / "texts" / f"{label}.txt", options, datetime.now(UTC))
            assert (imported.release.name, imported.problems, imported.warnings) == (f"{label}@1", (), ())
            written = archive.read(tmp_path / "snapshots" / f"{label}.r1.jsonl")
            assert written.release.digest == imported.release.digest
            assert written.release.counts == imported.release.counts


# ---------------------------------------------------------------- laws


def test_a_straight_law_is_found() -> None:
    law = straight([(x, 0.25 + 0.5 * x) for x in (1, 10, 100)])
    assert (law.fixed, law.each) == pytest.approx((0.25, 0.5))


def test_errors_count_by_their_share() -> None:
    law = straight([(0, 1), (10, 11), (1_000, 1_300), (2_000, 1_700)])
    assert law.fixed == pytest.approx(1, rel=0.05)  # the least squares of the errors themselves give 83


@pytest.mark.parametrize("exponent", [0, 0.5, 1, 2])
def test_an_exponent_is_found(exponent: float) -> None:
    law = power([(x, 3 * x**exponent) for x in (2, 10, 84, 200)])
    assert (law.factor, law.exponent) == pytest.approx((3, exponent))


# ---------------------------------------------------------------- plots


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0.28, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (7.4, [0, 2, 4, 6, 8]),
        (200, [0, 50, 100, 150, 200]),
    ],
)
def test_ticks_are_round_and_reach_as_far_as_the_values(highest: float, ticks: list[float]) -> None:
    assert linear_ticks(highest) == ticks


@pytest.mark.parametrize(
    ("lowest", "highest", "ticks"),
    [
        (8_700, 100_000, [5_000, 10_000, 20_000, 50_000, 100_000]),
        (0.21, 1.3, [0.2, 0.5, 1, 2]),
        (0.003, 200, [0.001, 0.01, 0.1, 1, 10, 100, 1_000]),
    ],
)
def test_ticks_of_factors(lowest: float, highest: float, ticks: list[float]) -> None:
    assert log_ticks(lowest, highest) == pytest.approx(ticks)


def test_names_that_would_overlap_move_apart() -> None:
    assert apart([10, 100], 16) == [10, 100]
    assert apart([50, 52, 54], 16) == [36, 52, 68]
    assert apart([10, 20, 30, 200], 16) == [4, 20, 36, 200]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_plot_shows_every_point_inside_its_area(logarithmic: bool) -> None:
    points = [(2, 0.2), (84, 0.25), (200, 0.3)]
    lines = [
        Line(name, points, [(y * 0.9, y * 1.2) for _, y in points], straight(points)) for name in ("SQLite", "A & B")
    ]
    drawn = draw(Plot("Diff <of two>", "releases", "seconds", lines, logarithmic, [Mark(1_000, 0.5, "a mark")]))
    root = ET.fromstring(drawn)  # noqa: S314  ours
    circles = root.findall(f"{SVG}circle")
    assert len(circles) == 2 * len(points) + 1
    assert all(60 <= float(one.attrib["cx"]) <= 510 and 50 <= float(one.attrib["cy"]) <= 350 for one in circles)
    words = {text.text: float(text.attrib["y"]) for text in root.findall(f"{SVG}text")}
    assert {"Diff <of two>", "releases", "seconds", "a mark"} <= words.keys()
    assert abs(words["SQLite"] - words["A & B"]) >= 12


# ---------------------------------------------------------------- what is said


def figures(axis: str, what: str, law: dict[int, float], database: str = "SQLite") -> list[dict[str, object]]:
    return [
        {"axis": axis, "at": at, "what": what, "database": database, "median": y, "lowest": y, "highest": y}
        for at, y in law.items()
    ]


def test_the_law_stands_under_each_plot() -> None:
    found = [
        *figures("codes", "import", {codes: 0.1 + 20e-6 * codes for codes in (8_700, 35_000, 100_000)}),
        *figures("releases", "import", {stop: 0.3 + 0.002 * stop for stop in (2, 84, 200)}),
        *figures("releases", "diff", dict.fromkeys((2, 84, 200), 0.2), "PostgreSQL"),
    ]
    text, plots = render(json.loads(json.dumps({"figures": found})))
    assert "SQLite: 0.1 s + 20 ms per 1,000 codes; to within 0 %; exponent 0.83." in text
    assert "SQLite: 0.3 s + 2 ms per release, 1.7 ms of it for 87 codes more; to within 0 %" in text
    assert "PostgreSQL: 0.2 s + 0 s per release; to within 0 %; exponent 0.00: hardly grows with the releases." in text
    assert sorted(plots) == ["codes-import.svg", "releases-diff.svg", "releases-import.svg"]
    assert all(f"(growth/{name})" in text for name in plots)
    assert "| Import of one more release, s | SQLite | 0.27 | 0.80 | 2.10 |" in text
    assert "A million codes" not in text


def test_a_million_codes_stand_beside_their_budget() -> None:
    told = {"first import": 40.0, "import": 50.0, "diff": 1.5, "first import MiB": 300.0, "import MiB": 310.0}
    found = [
        one
        for what, value in {**told, "diff MiB": 140.0, "size": 900.0}.items()
        for one in figures("million", what, {1_000_000: value})
    ]
    text, plots = render({"figures": [*found, *figures("codes", "diff", {8_700: 0.2, 100_000: 0.5})]})
    assert "| Diff | 1.50 | 140 | 2 s, 250 MiB |" in text
    assert ">1 % changed<" in plots["codes-diff.svg"]


def test_figures_survive_json() -> None:
    (one,) = json.loads(json.dumps(figures("codes", "import", {8_700: 0.3})))
    assert Figure(**one).at == 8_700
