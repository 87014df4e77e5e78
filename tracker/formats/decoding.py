"""Bytes -> text. CMS writes cp1252, others UTF-8 or what Excel calls Unicode."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def encoding_of(blocks: Iterable[bytes]) -> str:
    """Return the encoding of a file: by its byte order mark, UTF-8 if it is that to its end, else cp1252.

    Args:
        blocks: its content, in pieces of which the first holds the mark.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for number, block in enumerate(blocks):
            for mark, encoding in _MARKS:
                if not number and block.startswith(mark):
                    return encoding
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def decode(data: bytes) -> str:
    """Return the text of a file in the encoding that it has.

    Bytes that mean nothing become U+FFFD, which normalising tells as a problem of the field.
    """
    return readable(data.decode(encoding_of([data]), "replace"))


def readable(text: str) -> str:
    """Return a text without NUL, which no value may hold (PostgreSQL stores none): it becomes U+FFFD as well."""
    return text.replace("\0", "\ufffd") if "\0" in text else text
