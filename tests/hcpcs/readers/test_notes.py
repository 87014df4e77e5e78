"""Processing notes: a number, two dashes, and a text over several lines."""

from __future__ import annotations

from tracker.hcpcs.readers import notes
from tracker.model import Note

TEXT = """
PROCESSING NOTES, MADE UP                                                  *

0002--THESE TWO CODES PERTAIN TO PERFORMING THE ANALYSIS FOR THE           *
ANALYTE -- AS OPPOSED TO   ITS ADMINISTRATION.                             *

 0010--A NOTE OF ONE LINE *
0088--
SEE 0002 AND 0010.
"""


def test_each_note_is_one_text_in_the_files_order() -> None:
    assert notes.read(TEXT) == (
        Note(
            "0002",
            "THESE TWO CODES PERTAIN TO PERFORMING THE ANALYSIS FOR THE ANALYTE -- AS OPPOSED TO ITS ADMINISTRATION.",
        ),
        Note("0010", "A NOTE OF ONE LINE"),
        Note("0088", "SEE 0002 AND 0010."),
    )


def test_the_first_of_a_doubled_number_wins() -> None:
    assert notes.read("0001--FIRST\n0002--OTHER\n0001--SECOND\nGOES ON") == (
        Note("0001", "FIRST"),
        Note("0002", "OTHER"),
    )


def test_line_ends_of_any_system_are_understood() -> None:
    assert notes.read(TEXT.replace("\n", "\r\n")) == notes.read(TEXT)


def test_a_text_without_numbers_has_no_notes() -> None:
    assert notes.read("No note here -- or there.\n12--too short") == ()
