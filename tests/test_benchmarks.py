from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import run
from figures import BUDGETS, Row, as_json, budgets, duration, from_json, replaced, rows_of, spread, table, worse
from measure import BenchError, Measure, require_agreement
from releases import counts
from works import sections

ROW = Row(
    "warm, made-up",
    "tracker",
    seconds=(0.30, 0.35, 0.50),
    processor=0.33,
    ratio=(1.0, 1.0, 1.0),
    floor=(5.8, 6.0, 6.3),
    peak=55.2,
)


def measure(program: str, *seconds: float, told: str = "", floor: bool = False) -> Measure:
    peaks = [50.0] * len(seconds)
    return Measure(
        "warm", program, [program], told=told, floor=floor, seconds=[*seconds], processor=[*seconds], peaks=peaks
    )


def test_programs_that_agree_are_let_through() -> None:
    found = [measure("ours", told="1 added"), measure("theirs", told="1 added"), measure("silent")]
    require_agreement(found, {"warm": "1 added"})


def test_a_program_that_disagrees_stops_everything() -> None:
    with pytest.raises(BenchError, match="warm: the programs do not agree: ours: 1 added; theirs: 2 added"):
        require_agreement([measure("ours", told="1 added"), measure("theirs", told="2 added")], {})


def test_programs_that_agree_on_what_is_wrong_stop_everything() -> None:
    found = [measure("ours", told="2 added"), measure("theirs", told="2 added")]
    with pytest.raises(BenchError, match="as made: 1 added"):
        require_agreement(found, {"warm": "1 added"})


@pytest.mark.parametrize(
    "answer",
    [
        '{"added": 2, "removed": 0, "changed": 1000}',
        '{"counts": {"added": 2, "removed": 0, "changed": 1000}}',
        {"added": ["A", "B"], "removed": [], "changed": 1000},
    ],
)
def test_counts_are_read_however_a_program_tells_them(answer: str | dict[str, object]) -> None:
    assert counts(answer) == "2 added, 0 removed, 1,000 changed"


def test_a_ratio_is_taken_turn_by_turn() -> None:
    # The second turn met other work: both were slower, and the ratio is the same.
    assert spread([2.0, 8.0, 2.0], [1.0, 4.0, 1.0]) == (2.0, 2.0, 2.0)


def test_what_ran_once_is_beside_the_median() -> None:
    assert spread([30.0], [1.0, 3.0, 2.0]) == (15.0, 15.0, 15.0)


def test_rows_are_beside_tracker_and_trackers_beside_the_floor() -> None:
    ours, theirs, floor = rows_of(
        [measure("tracker", 2.0, 2.0), measure("peer", 6.0, 8.0), measure("bare", 0.5, 0.5, floor=True)]
    )
    assert (ours.floor, theirs.ratio, theirs.floor, floor.ratio) == ((4, 4, 4), (3.25, 3.5, 3.75), None, (0.25,) * 3)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            replace(ROW, floor=(7.5, 8.0, 8.2)),
            ["warm, made-up: tracker: 8.00 times the floor, 6.00 in the last figures"],
        ),
        (replace(ROW, floor=(5.0, 8.0, 12.0)), []),  # noisy: its lower quartile was reached before
        (replace(ROW, floor=(6.5, 6.6, 6.7)), []),  # beyond the spread, within the tolerance
        (replace(ROW, floor=(3.0, 3.1, 3.2)), []),
        (replace(ROW, seconds=(3.0, 3.5, 5.0)), []),  # a slower machine
        (replace(ROW, peak=80.0), ["warm, made-up: tracker: memory 80.0 MiB, 55.2 MiB in the last figures"]),
        (replace(ROW, peak=58.0), []),
        (replace(ROW, program="peer", floor=(9.0, 9.0, 9.0), peak=900.0), []),
        (replace(ROW, work="another", floor=(9.0, 9.0, 9.0)), []),
    ],
)
def test_what_became_worse_is_told_and_noise_is_not(now: Row, told: list[str]) -> None:
    peer = replace(ROW, program="peer")
    assert worse([ROW, peer], [now]) == told


def test_a_larger_index_is_told() -> None:
    kept = Row("storage", "tracker, index", size=20.0)
    told = ["storage: tracker, index: size 23.0 MiB, 20.0 MiB in the last figures"]
    assert worse([kept], [replace(kept, size=23.0)]) == told


def test_a_row_is_committed_and_read_again() -> None:
    assert from_json(as_json(ROW)) == ROW
    assert as_json(Row("w", "p", size=1.23456)) == {"work": "w", "program": "p", "size": 1.235}


def test_the_table_has_the_columns_that_are_filled() -> None:
    sizes = table([Row("storage", "tracker, index", size=27.123), Row("storage", "CSV files", size=180.0)])
    assert sizes.splitlines() == [
        "| work    | program        | MiB    |",
        "|---------|----------------|--------|",
        "| storage | tracker, index | 27.12  |",
        "| storage | CSV files      | 180.00 |",
    ]


def test_what_ran_once_says_so() -> None:
    (line,) = table([replace(ROW, seconds=(44.0, 44.0, 44.0))]).splitlines()[2:]
    assert "| 44.00 s | once" in line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.000135, "0.14 ms"),
        (0.00996, "10 ms"),
        (0.35, "350 ms"),
        (0.9996, "1.00 s"),
        (12.345, "12.35 s"),
        (120, "120 s"),
    ],
)
def test_seconds_are_told_in_the_unit_that_suits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_budgets_tell_what_is_kept_missed_and_not_measured() -> None:
    kept = Row("warm, real", "tracker", seconds=(0.2, 0.3, 0.4), peak=60.0)
    missed = Row("warm, 100,000 codes", "tracker", seconds=(0.9, 1.0, 1.1), peak=300.0)
    lines = [" ".join(line.split()) for line in budgets([kept, missed]).splitlines()]
    assert "| diff of two stored releases, real | 350 ms, 80.0 MiB | 300 ms, 60.0 MiB | kept |" in lines
    assert "| the same, 100,000 codes, 10,000 changed | 1.20 s, 220 MiB | 1.00 s, 300 MiB | **missed** |" in lines
    assert sum("not measured" in line for line in lines) == len(BUDGETS) - 2


def test_only_the_text_between_the_markers_is_replaced() -> None:
    page = "before\n<!-- cold -->\nold\n<!-- end of cold -->\nafter\n"
    assert replaced(page, "cold", "new") == "before\n<!-- cold -->\nnew\n<!-- end of cold -->\nafter\n"


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="the page has no <!-- warm -->"):
        replaced("<!-- cold -->\n<!-- end of cold -->", "warm", "new")


def test_the_page_has_a_place_for_every_section() -> None:
    root = Path(__file__).parents[1]
    page = (root / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in ("budgets", run.GROWTH, *sections(None)):
        assert replaced(page, name, "") != page


@pytest.mark.parametrize(("floor", "code"), [((6.0, 6.1, 6.2), None), ((8.0, 8.1, 8.2), 1)])
def test_the_check_ends_with_1_if_something_became_worse(
    floor: tuple[float, float, float], code: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(row: Row) -> dict[str, run.Told]:
        return {"warm": {"rows": [as_json(row)]}}

    now = told(replace(ROW, floor=floor))
    if code is None:
        run.check(told(ROW), now)
        assert capsys.readouterr().out == "nothing became worse\n"
    else:
        with pytest.raises(SystemExit, match=str(code)):
            run.check(told(ROW), now)
        assert "worse: warm, made-up: tracker: 8.10 times the floor" in capsys.readouterr().out
