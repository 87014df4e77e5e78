"""Inputs that fuzzing found, as small as they could be made: each once ended in something else than it should."""

from __future__ import annotations

import struct
from datetime import date

import pytest

from tests.fuzz import seeds
from tests.fuzz.targets import TARGETS
from tests.hcpcs.builders import zip_of
from tracker.errors import PolicyError, PublisherError, SourceError
from tracker.hcpcs.catalogue import HCPCS
from tracker.model import Kind, Record
from tracker.search import Index, near


@pytest.mark.parametrize("place", [68, 76])
def test_an_old_workbook_whose_sectors_go_round_in_a_circle(place: int) -> None:
    """A wrong number among the sectors of its tables, and with a gibibyte of memory reading it ended the process."""
    good = seeds.old_workbooks()[0]
    for name in ("old-workbook", "transactions"):
        with pytest.raises(SourceError, match="cannot be read"):
            TARGETS[name].read(good[:place] + struct.pack("<I", 1) + good[place + 4 :])


def test_a_policy_whose_code_cannot_be_printed() -> None:
    """It could be no code of any release, and stood as it was in the remark that says so."""
    rule = '[[waiver]]\nevent = "code-discontinued"\ncodes = ["J\u202e"]\nreason = "x"\nuntil = 2026-12-31\n'
    with pytest.raises(PolicyError, match=r'line 3, codes.*"J\\u202e" is no code and no pattern'):
        TARGETS["policy"].read(rule.encode())


def test_a_note_with_a_zero_byte() -> None:
    """It was taken in, and the snapshot file with it was refused afterwards."""
    name = "HCPC2025_JAN_ANWEB_12172024"
    data = zip_of({f"{name}.txt": seeds.records()[0], "proc_notes.txt": b"0001--A \0 note. *\r\n"})
    TARGETS["zip"].read(data)


def test_a_redirect_to_an_address_that_is_none() -> None:
    """The library has an error of its own for it, which came out as it was."""
    answer = b"HTTP/1.1 302 Found\r\nLocation: a: https://www.cms.gov/x.zip\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(PublisherError, match="by hand"):
        TARGETS["response"].read(answer)


def test_a_code_as_long_as_a_book() -> None:
    """All its neighbours were made, each as long: more than five seconds for 21,807 characters."""
    assert near("J1940" * 200_000, ["J1940", "J1938"]) == ()


def test_a_word_as_long_as_a_book() -> None:
    """It was cut in two at each of its places, and both parts looked for: more than five seconds for 157,914 digits."""
    records = [Record("J1940", Kind.PROCEDURE, {"long_description": "Injection, furosemide, up to 20 mg"})]
    found = Index(HCPCS, records, date(2025, 1, 1)).search("0" + "9" * 1_000_000)
    assert found.hits == ()
