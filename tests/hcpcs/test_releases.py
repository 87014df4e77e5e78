"""What the readers and normalising make of CMS's own releases. Needs them: see `releases_dir`."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hcpcs.builders import Normalised, normalise, records_of, told
from tracker.errors import SourceError
from tracker.hcpcs.catalogue import FIELDS
from tracker.hcpcs.readers import recognise
from tracker.model import Kind, Problem, RawRelease, Record

ReadRelease = Callable[[str], tuple[RawRelease, Normalised]]

LABELS = ["2017", "2018", "2019", "2020", "2025", "2025-10"]


def kinds(problems: tuple[Problem, ...]) -> Counter[tuple[str, str]]:
    return Counter((str(problem.severity), problem.field) for problem in problems)


def record_of(normalised: Normalised, code: str) -> Record:
    return next(record for record in normalised.records if record.code == code)


@pytest.mark.parametrize(
    ("label", "codes", "modifiers", "notes", "mark", "form"),
    [
        ("2017", 6498, 343, 211, None, "zip"),
        ("2018", 6559, 354, 216, "disc", "zip"),
        ("2019", 6800, 360, 218, None, "zip"),
        ("2020", 7079, 369, 220, "w_disclaimer", "zip"),
        ("2025", 8642, 383, 234, "12172024", "zip"),
        ("2025-10", 8846, 383, 0, "v3", "workbook"),
    ],
)
def test_a_release_is_read_whole(
    read_release: ReadRelease, label: str, codes: int, modifiers: int, notes: int, mark: str | None, form: str
) -> None:
    raw, normalised = read_release(label)
    assert (raw.label, raw.mark, raw.format, raw.complete) == (label, mark, form, True)
    assert (len(records_of(raw)), len(normalised.records), len(raw.notes)) == (codes, codes, notes)
    assert sum(record.kind is Kind.MODIFIER for record in normalised.records) == modifiers
    assert normalised.fields == FIELDS.keys()


@pytest.mark.parametrize(
    ("label", "problems"),
    [
        ("2017", {("warning", "action_effective_date"): 3}),
        ("2018", {("error", "asc_group"): 5, ("error", "asc_date"): 5}),
        (
            "2019",
            {
                ("note", "action_effective_date"): 115,
                ("warning", "action_effective_date"): 1,
                ("note", "types_of_service"): 2,
            },
        ),
        ("2020", {("warning", "action_effective_date"): 115}),
        (
            "2025",
            {
                ("note", "action_effective_date"): 116,
                ("note", "types_of_service"): 2,
                ("warning", "long_description"): 1,
            },
        ),
        ("2025-10", {("warning", "action_effective_date"): 117}),
    ],
)
def test_every_problem_of_a_release_is_known(
    read_release: ReadRelease, label: str, problems: dict[tuple[str, str], int]
) -> None:
    _, normalised = read_release(label)
    assert kinds(normalised.problems) == problems
    assert all(problem.file and problem.where and problem.code for problem in normalised.problems)


@pytest.mark.parametrize(
    ("label", "unknown"), [("2017", 0), ("2018", 0), ("2019", 1), ("2020", 115), ("2025", 0), ("2025-10", 117)]
)
def test_lost_action_dates_are_unknown(read_release: ReadRelease, label: str, unknown: int) -> None:
    _, normalised = read_release(label)
    lost = [record for record in normalised.records if record.unknown]
    assert len(lost) == unknown
    assert all(record.unknown == {"action_effective_date"} for record in lost)


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("2019/2019-Alpha-Numeric-HCPCS-File.zip:HCPC2019_CONTR_ANWEB.txt", 1),
        ("2019/2019-Alpha-Numeric-HCPCS-File.zip:HCPC2019_CONTR_ANWEB.xlsx", 116),
        ("2025/hcpcs-2025.zip:HCPC2025_JAN_ANWEB_12172024.txt", 0),
        ("2025/hcpcs-2025.zip:HCPC2025_JAN_ANWEB_12172024.xlsx", 116),
    ],
)
def test_each_file_of_a_zip_alone_has_its_own_blanks(releases_dir: Path, name: str, unknown: int) -> None:
    path, member = name.split(":")
    with zipfile.ZipFile(releases_dir / path) as bundle:
        raw = recognise.read(member, io.BytesIO(bundle.read(member)))
    assert raw.complete
    assert sum(bool(record.unknown) for record in normalise(raw).records) == unknown


def test_where_2017s_files_disagree_the_text_is_taken_and_the_workbooks_date_told(read_release: ReadRelease) -> None:
    _, normalised = read_release("2017")
    assert told(normalised.problems) == [
        ("warning", "L5638", "action_effective_date", "19860101"),
        ("warning", "L5640", "action_effective_date", "19860101"),
        ("warning", "L5643", "action_effective_date", "19880101"),
    ]
    assert [problem.where for problem in normalised.problems] == ["cell AT4947", "cell AT4949", "cell AT4951"]
    for problem in normalised.problems:
        stored = record_of(normalised, problem.code).values["action_effective_date"]
        assert isinstance(stored, str)
        assert stored.replace("-", "") != problem.raw


def test_2018s_shifted_cells_are_told_and_kept(read_release: ReadRelease) -> None:
    _, normalised = read_release("2018")
    assert {problem.code for problem in normalised.problems} == {"C9488", "C9745", "C9746", "C9747", "C9748"}
    assert record_of(normalised, "C9488").values["asc_group"] == "20"
    assert record_of(normalised, "C9488").values["asc_date"] == "170401"


@pytest.mark.parametrize("label", ["2019", "2025"])
@pytest.mark.parametrize("code", ["E0210", "E0776"])
def test_a_type_of_service_that_the_text_lost_is_taken_from_the_workbook(
    read_release: ReadRelease, label: str, code: str
) -> None:
    _, normalised = read_release(label)
    assert "R" in record_of(normalised, code).values["types_of_service"]
    assert ("note", code, "types_of_service", "R") in told(normalised.problems)


@pytest.mark.parametrize("label", LABELS)
def test_the_longest_description_is_whole(read_release: ReadRelease, label: str) -> None:
    _, normalised = read_release(label)
    text = record_of(normalised, "G0503").values["long_description"]
    assert isinstance(text, str)
    assert len(text) == 1_247
    assert text.endswith("are prepared for discharge from active treatment")


def test_a_modifier_and_a_procedure_have_their_own_fields(read_release: ReadRelease) -> None:
    _, normalised = read_release("2025")
    assert record_of(normalised, "A1").kind is Kind.MODIFIER
    assert record_of(normalised, "G0503").kind is Kind.PROCEDURE


@pytest.mark.parametrize("code", ["S9329", "S9353", "S9372"])
def test_a_code_that_never_changed_is_the_same_in_every_release(read_release: ReadRelease, code: str) -> None:
    records = [record_of(read_release(label)[1], code) for label in LABELS]
    assert all(record == records[0] for record in records)
    assert records[0].values["added_date"] == records[0].values["action_effective_date"] == "2002-01-01"
    assert records[0].values["action_code"] == "N"


@pytest.mark.parametrize("label", ["2017", "2018", "2019"])
def test_corrections_are_no_release(releases_dir: Path, label: str) -> None:
    path = releases_dir / label / f"{label}-HCPCS-Alpha-Numeric-Corrections.zip"
    with pytest.raises(SourceError, match="the zip holds only CMS's corrections"):
        recognise.read(path.name, io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize("label", ["2017", "2018", "2019", "2020", "2025"])
def test_no_other_file_of_a_zip_is_taken_for_a_release(releases_dir: Path, label: str) -> None:
    (path,) = [path for path in (releases_dir / label).iterdir() if "Corrections" not in path.name]
    with zipfile.ZipFile(path) as bundle:
        others = [name for name in bundle.namelist() if "ANWEB" not in name or "Corrections" in name]
        assert len(others) >= 5
        for name in others:
            with pytest.raises(SourceError):
                recognise.read(name, io.BytesIO(bundle.read(name)))
