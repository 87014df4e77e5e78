"""Bytes become text, whatever the publisher or Excel wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.formats.decoding import decode


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"plain", "plain"),
        (b"patient\x92s", "patient’s"),
        (b"no\xa0break", "no\xa0break"),
        (b"\xb5g \x85", "µg …"),
        ("patient’s µg".encode(), "patient’s µg"),
        ("patient’s".encode("utf-8-sig"), "patient’s"),
        ("patient’s".encode("utf-16"), "patient’s"),
        (b"\xff\xfe" + "µg".encode("utf-16-le"), "µg"),
        (b"\xfe\xff" + "µg".encode("utf-16-be"), "µg"),
        (b"nothing\x81\xe9", "nothing\ufffdé"),
        (b"\xef\xbb\xbfbroken\xff", "broken\ufffd"),
    ],
)
def test_text_is_read_in_the_encoding_that_it_has(data: bytes, text: str) -> None:
    assert decode(data) == text


@given(st.binary())
def test_any_bytes_are_some_text(data: bytes) -> None:
    assert isinstance(decode(data), str)


@given(st.text(st.characters(codec="cp1252"), min_size=1))
def test_what_cms_writes_is_read_back_unless_it_is_utf_8_too(text: str) -> None:
    data = text.encode("cp1252")
    assert decode(data + b"\xe9 ") == text.replace("\0", "\ufffd") + "é "  # which no UTF-8 can end with
