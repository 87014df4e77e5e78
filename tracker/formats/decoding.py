"""Bytes -> text. CMS writes cp1252, others UTF-8 or what Excel calls Unicode."""

from __future__ import annotations

import codecs

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode(data: bytes) -> str:
    """Return the text of a file: by its byte order mark, as UTF-8 if it is that, else as cp1252.

    Bytes that mean nothing become U+FFFD, which normalising tells as a problem of the field.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
