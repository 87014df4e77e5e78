"""Two texts, and the words in which they differ."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.diff.wording import edits
from tracker.model import Edit


def marked(old: str, new: str) -> str:
    """Return both texts in one: what went in `[-…-]`, what came in `{+…+}`."""
    return "".join(
        part.old
        if part.old == part.new
        else (f"[-{part.old}-]" if part.old else "") + (f"{{+{part.new}+}}" if part.new else "")
        for part in edits(old, new)
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", ""),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("the same", "the same", "the same"),
        ("one two", "one three", "one [-two-]{+three+}"),
        ("Case Matters", "case matters", "[-Case Matters-]{+case matters+}"),
        ("a b c d", "a x y d", "a [-b c-]{+x y+} d"),
        ("device, each", "device, sterile, each", "device, {+sterile, +}each"),
        ("each", "each.", "each{+.+}"),
        ("one  two", "one two", "one[-  -]{+ +}two"),
        # numbers are whole
        ("bp 140/90 mm", "bp 130/80 mm", "bp [-140/90-]{+130/80+} mm"),
        ("up to 0.5 mg", "up to 0.25 mg", "up to [-0.5-]{+0.25+} mg"),
        ("up to .5 mg", "up to .25 mg", "up to [-.5-]{+.25+} mg"),
        ("per 1,000 units", "per 10,000 units", "per [-1,000-]{+10,000+} units"),
        ("per 250,000 iu", "per 250 iu", "per [-250,000-]{+250+} iu"),
        ("1.5 ml", "1.5 mg", "1.5 [-ml-]{+mg+}"),
        ("g0101, 99 or 5", "g0101, 98 or 5", "g0101, [-99-]{+98+} or 5"),
        ("ends in 5.", "ends in 6.", "ends in [-5-]{+6+}."),
        # punctuation that is meaning
        ("ldl = 190", "ldl <= 190", "ldl {+<+}= 190"),
        ("10% or more", "10 or more", "10[-%-] or more"),
        ("w/o stand", "w/ stand", "w/[-o-] stand"),
        ("müßig", "mußig", "[-müßig-]{+mußig+}"),
    ],
)
def test_edits(old: str, new: str, expected: str) -> None:
    assert marked(old, new) == expected


words = st.lists(st.sampled_from(["a", "b", "1,000", ".5", "140/90", ",", ".", " ", "  ", "(x)", "ü"])).map("".join)


@given(st.text() | words, st.text() | words)
def test_the_old_sides_make_the_old_text_and_the_new_sides_the_new(old: str, new: str) -> None:
    found = edits(old, new)
    assert "".join(edit.old for edit in found) == old
    assert "".join(edit.new for edit in found) == new
    assert all(edit.old or edit.new for edit in found)
    assert all(edit.old == edit.new for edit in found) is (old == new)


@given(words, words)
def test_what_is_alike_and_what_differs_take_turns(old: str, new: str) -> None:
    kinds = [edit.old == edit.new for edit in edits(old, new)]
    assert all(one != other for one, other in itertools.pairwise(kinds))


numbers = st.one_of(
    st.integers(0, 10**7).map(str),
    st.integers(1000, 10**7).map("{:,}".format),
    st.decimals(0, 1000, places=2).map(str),
    st.integers(1, 99).map(".{}".format),
    st.tuples(st.integers(0, 300), st.integers(0, 300)).map("{0[0]}/{0[1]}".format),
)


@given(numbers, numbers)
def test_numbers_are_whole(old: str, new: str) -> None:
    expected = [Edit("up to ", "up to "), Edit(old, new), Edit(" mg", " mg")]
    if old != new:
        assert list(edits(f"up to {old} mg", f"up to {new} mg")) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("b a, " * 1000, "a, " * 1250),
        ("a " * 2500, "a " * 2400),
        (" ".join(str(i % 7) for i in range(2500)), " ".join(str(i % 11) for i in range(2500))),
        ("x" * 5000, "x" * 4999 + "y"),
        ("." * 5000, "." * 4990 + "!"),
    ],
    ids=["periods", "one word", "numbers", "one long word", "points"],
)
def test_texts_that_repeat_themselves_take_no_minutes(old: str, new: str) -> None:
    """The first pair took three minutes once."""
    found = edits(old, new)
    assert "".join(edit.old for edit in found) == old
    assert "".join(edit.new for edit in found) == new


def test_one_word_in_a_very_long_text_is_still_found() -> None:
    before, after = "the device or the part, " * 100, ", each, without the battery or the case" * 100
    assert edits(f"{before}old{after}", f"{before}new{after}") == (
        Edit(before, before),
        Edit("old", "new"),
        Edit(after, after),
    )
