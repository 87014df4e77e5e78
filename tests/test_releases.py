"""CMS's own releases, 2017 to 2025, through the whole program. Needs them: see `releases_dir`."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from tests.support import FILES, NOW, only_on, take_in
from tracker import archive
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.stored import Stored, open_stored
from tracker.app.write_report import view_diff
from tracker.diff.select import EVERYTHING
from tracker.errors import RefusedError
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import Format, Status
from tracker.report import render
from tracker.report.view import count

PAIRS = [("2017", "2018"), ("2018", "2019"), ("2019", "2020"), ("2025", "2025-10")]


@pytest.fixture
def home(releases_home: Home) -> Home:
    return releases_home


@pytest.fixture
def stored(home: Home) -> Iterator[Stored]:
    with open_stored(home) as opened:
        yield opened


def as_json(stored: Stored, old: str, new: str) -> dict[str, object]:
    diff = compare_releases(stored, old, new)
    content: dict[str, object] = json.loads(render(view_diff(stored, diff, EVERYTHING), Format.JSON))
    return content


# Counted by other means from the zips' texts (the last new side: from the workbook), a blank action effective
# date being no value and the workbook's values taken in where the text is blank. By the texts alone the
# changed codes are 485 and 541 in the second and third row, and 207 and 177 of them beyond action code and
# date: the difference is E0210 and E0776, whose fourth type of service the 2019 text lost.
EXPECTED = {
    ("2017", "2018"): {
        "counts": {
            "old": 6498, "new": 6559, "added": 168, "added_ended": 14, "removed": 107, "ended": 29,
            "changed": 724, "administrative": 724 - 182,
        },
        "fields": {"long_description": 59, "short_description": 70, "action_effective_date": 165, "action_code": 697},
        "silent": 21,
        "unknown": 0,
    },
    ("2018", "2019"): {
        "counts": {
            "old": 6559, "new": 6800, "added": 244, "added_ended": 16, "removed": 3, "ended": 33,
            "changed": 487, "administrative": 487 - 209,
        },
        "fields": {"long_description": 114, "short_description": 101, "action_effective_date": 205, "action_code": 450},
        "silent": 24,
        "unknown": 1,
    },
    ("2019", "2020"): {
        "counts": {
            "old": 6800, "new": 7079, "added": 279, "added_ended": 11, "removed": 0, "ended": 89,
            "changed": 539, "administrative": 539 - 175,
        },
        "fields": {"long_description": 70, "short_description": 51, "action_effective_date": 171, "action_code": 520},
        "silent": 5,
        "unknown": 116,
    },
    ("2025", "2025-10"): {
        "counts": {
            "old": 8642, "new": 8846, "added": 204, "added_ended": 7, "removed": 0, "ended": 54,
            "changed": 467, "administrative": 467 - 165,
        },
        "fields": {"long_description": 34, "short_description": 28, "action_effective_date": 155, "action_code": 336},
        "silent": 146,
        "unknown": 117,
    },
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_the_counts_of_a_pair(stored: Stored, old: str, new: str) -> None:
    content, expected = as_json(stored, old, new), EXPECTED[old, new]
    counts = content["counts"]
    assert isinstance(counts, dict)
    fields, levels, events = counts.pop("fields"), counts.pop("levels"), counts.pop("events")
    assert counts.pop("waived") == 0
    assert sum(levels.values()) == sum(events.values())
    assert counts == expected["counts"]
    expected_fields = expected["fields"]
    assert isinstance(expected_fields, dict)
    assert {name: fields[name] for name in expected_fields} == expected_fields
    diff = compare_releases(stored, old, new)
    real = [change for change in diff.changes if change.status is Status.CHANGED and not change.administrative]
    assert sum(change.record.values["action_code"] == "N" for change in real) == expected["silent"]
    assert diff.not_compared.codes_old == diff.not_compared.codes_new == 0
    assert diff.not_compared.fields.get("action_effective_date", 0) == expected["unknown"]


def test_the_two_codes_by_which_the_counts_differ_from_the_texts_alone(stored: Stored) -> None:
    changes = {change.code: change for change in compare_releases(stored, "2018", "2019").changes}
    for code in ("E0210", "E0776"):
        assert [(field.field, field.came) for field in changes[code].fields] == [("types_of_service", ("R",))]
    changed = {change.code for change in compare_releases(stored, "2019", "2020").changes}
    assert not {"E0210", "E0776"} & changed


def test_what_left_the_file_in_2018_had_ended_in_2013(stored: Stored) -> None:
    removed = [change for change in compare_releases(stored, "2017", "2018").changes if change.status is Status.REMOVED]
    assert {str(change.record.values.get("termination_date"))[:4] for change in removed} == {"2013"}
    gone = {c.code for c in compare_releases(stored, "2018", "2019").changes if c.status is Status.REMOVED}
    assert gone == {"G9976", "G9977", "DA"}


def transactions(releases_dir: Path, label: str, member: str) -> dict[str, str]:
    """Return CMS's own word on each code of a release, from the report in its zip."""
    with zipfile.ZipFile(releases_dir / FILES[label]) as bundle:
        book = CalamineWorkbook.from_filelike(io.BytesIO(bundle.read(member)))
    found = {}
    for sheet in book.sheet_names[:1]:
        for code, kind, *_ in book.get_sheet_by_name(sheet).to_python():
            found[str(code).strip()] = str(kind).strip().upper()
    return found


# Release -> the one before it that is at hand, the report in its zip, and the codes that the report calls added
# although that one holds them: the 2018 file is the re-issue of March 2018, which had QQ and VM already, and
# G9890 and G9891, which were in use for something else.
WITNESSES = {
    "2018": ("2017", "HCPC18_Trans_Report_Alpha.xlsx", set[str]()),
    "2019": ("2018", "HCPC2019_Trans_Alpha.xlsx", {"QQ", "VM", "G9890", "G9891"}),
    "2020": ("2019", "HCPC2020_TRANS_ALPHA_w_disclaimer.xlsx", set[str]()),
    "2025": ("2020", "HCPC2025_JAN_Transaction Report_12172024.xlsx", set[str]()),
}


@pytest.mark.parametrize("label", WITNESSES)
def test_every_code_that_cms_calls_added_or_discontinued_is_found(
    stored: Stored, releases_dir: Path, label: str
) -> None:
    before, member, held = WITNESSES[label]
    told = transactions(releases_dir, label, member)
    called_added = {code for code, kind in told.items() if kind == "ADD"}
    called_ended = {code for code, kind in told.items() if kind.startswith("DISCONT")}
    assert len(called_added) > 100
    assert len(called_ended) > 20
    changes = compare_releases(stored, before, label).changes
    assert called_added - {change.code for change in changes if change.status is Status.ADDED} == held
    assert held <= {change.code for change in compare_releases(stored, "2017", label).changes}
    assert called_ended <= {change.code for change in changes if "termination_date" in change.record.values}


def test_the_order_of_import_changes_nothing(home: Home, empty_home: Home, releases_dir: Path) -> None:
    with open_stored(home) as stored:
        digests = {one.release.label: one.release.digest for one in stored.revisions}
        diffs = {pair: as_json(stored, *pair) for pair in PAIRS}
    take_in(empty_home, releases_dir, ["2025-10", "2019", "2017", "2025", "2020", "2018"])
    with open_stored(empty_home) as stored:
        assert {one.release.label: one.release.digest for one in stored.revisions} == digests
        assert {pair: as_json(stored, *pair) for pair in PAIRS} == diffs


@only_on("sqlite", "deletes the index")
def test_a_deleted_index_gives_the_same_bytes(home: Home) -> None:
    def written() -> list[bytes]:
        with open_stored(home) as stored:
            views = [view_diff(stored, compare_releases(stored, *pair), EVERYTHING) for pair in PAIRS]
            return [render(view, one) for view, one in itertools.product(views, Format)]

    before = written()
    home.index.unlink()
    assert written() == before


def test_text_and_workbook_of_2019_differ_in_nothing_but_lost_values(
    releases_dir: Path, empty_home: Home, tmp_path: Path
) -> None:
    with zipfile.ZipFile(releases_dir / FILES["2019"]) as bundle:
        members = [name for name in bundle.namelist() if name.startswith("HCPC2019_CONTR_ANWEB.")]
        bundle.extractall(tmp_path, members)
    with open_stored(empty_home, to_write=True) as stored:
        reasons = [import_path(stored, tmp_path / name, Options(), NOW)[0].reason for name in sorted(members)]
        assert reasons == ["", "other file format"]
        diff = compare_releases(stored, "2019@1", "2019@2")
        assert diff.changes == ()
        assert diff.not_compared.fields == {"action_effective_date": 116, "types_of_service": 2}
        assert any(
            "other file format (text, workbook)" in remark for remark in view_diff(stored, diff, EVERYTHING).remarks
        )


def test_a_filtered_workbook_is_refused_and_taken_as_an_excerpt(releases_dir: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(releases_dir / FILES["2025"]) as bundle:
        book = openpyxl.load_workbook(io.BytesIO(bundle.read("HCPC2025_JAN_ANWEB_12172024.xlsx")))
    sheet = book.active
    assert sheet is not None
    sheet.delete_rows(2000, 4321)
    path = tmp_path / "HCPC2025_JAN_ANWEB_12172024.xlsx"
    book.save(path)
    for first in ([], ["2025"], ["2025-10"]):
        home = Home(tmp_path / f"home{len(first)}{first}")
        take_in(home, releases_dir, first)
        with open_stored(home, to_write=True) as stored:
            with pytest.raises(RefusedError, match="--excerpt"):
                import_path(stored, path, Options(), NOW)
            if first:
                with pytest.raises(RefusedError, match=r"lacks [\d,]+ of the [\d,]+ codes"):
                    import_path(stored, path, Options(complete=True), NOW)
            (imported,) = import_path(stored, path, Options(complete=False), NOW)
            assert imported.release.codes == 8642 - 4321
            if first == ["2025-10"]:
                diff = compare_releases(stored, "2025", "2025-10")
                assert count(HCPCS, diff).added == count(HCPCS, diff).removed == 0
                assert diff.not_compared.codes_new == 8846 - 4321


def test_the_three_sheets_equal_the_records_of_2025(stored: Stored, empty_home: Home, tmp_path: Path) -> None:
    """Three sheets as a vendor prints them, made here from the records themselves."""
    release = stored.find("2025")
    folder = tmp_path / "sheets"
    folder.mkdir()
    for code in ("S9372", "S9353", "S9329"):
        record = stored.record(release, code)
        assert record is not None
        rows = [f"<i>HCPCS Code</i>\t{code}\t<p>What it is</p>"]
        for name, value in record.values.items():
            field = HCPCS.fields[name]
            values = [value] if isinstance(value, str) else value
            for slot, text in enumerate(values, 1):
                label = f"{field.label} #{slot}" if field.repeated else field.label
                rows.append(f"<i>{label}</i>\t{text.replace('-', '') if field.is_date else text}\t")
                if field.meanings:
                    rows.append(f"<i>{label} Description</i>\t{field.meanings[text]}\t")
        rows += ["<i>Status</i>\tActual\t", "<i>Last Update Date</i>\t2026\t"]
        (folder / f"{code}.txt").write_text(f"\n\n**{code}**\n\n" + "\n\n".join(rows) + "\n\nContact us\n")
    with open_stored(empty_home, to_write=True) as other:
        (imported,) = import_path(other, folder, Options(), NOW)
        assert (imported.release.name, imported.release.codes, imported.problems) == ("2026@1", 3, ())
        for code in ("S9372", "S9353", "S9329"):
            assert other.record(other.find("2026"), code) == stored.record(release, code)
        import_path(other, stored.home.snapshots / "2025.r1.jsonl", Options(), NOW)
        diff = compare_releases(other, "2025", "2026")
        assert diff.changes == ()
        assert diff.not_compared.codes_old == 8642 - 3


def test_the_processing_notes_come_with_the_release(stored: Stored) -> None:
    notes = {note.number: note.text for note in stored.notes(stored.find("2025"))}
    assert len(notes) == 234
    assert notes["0017"].startswith("SEE INTERMEDIARY MANUAL SECTION 3170.5 FOR COVERAGE INSTRUCTIONS PERTAINING TO")


def test_the_bundled_excerpts_agree_with_the_whole_release(stored: Stored, tmp_path: Path) -> None:
    whole = {record.code: record for record in stored.records(stored.find("2025"))}
    excerpt = archive.read(Path(__file__).parents[1] / "snapshots/2025.r1.jsonl")
    assert not excerpt.release.absent & whole.keys()
    for sealed in excerpt.records:
        assert archive.decode_record(sealed.line) == whole[sealed.code]
