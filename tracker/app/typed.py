"""A code as people write it: `j1940`, `HCPCS:J1940`, `J1940-JW`, typed or in a list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tracker.app.stored import Stored
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.catalogue import CODE, FOREIGN_CODES, FOREIGN_MODIFIER
from tracker.lists.codes import CodeKind, CodeShape, read_codes

_LONGEST: Final = 80
"""Characters of a code with its modifiers, however it is written."""

_NAMES: Final = ("HCPCS", "HCPC")


def shape_of(known: Collection[str]) -> CodeShape:
    """Return what a code of this code set looks like; `known` are the codes and modifiers that releases hold."""
    return CodeShape(known, CODE, FOREIGN_CODES, _NAMES)


def typed(stored: Stored, text: str) -> tuple[str, tuple[str, ...]]:
    """Return the code, in upper case, and the modifiers behind it that are not CPT's.

    What is not one code is returned as it is, in upper case: whoever looks for it says that there is none.

    Raises:
        UnknownReleaseError: it is nothing, or far too long.
    """
    text = text.encode("utf-8", "replace").decode()  # half a character is none
    if not 0 < len(text.strip()) <= _LONGEST:
        raise UnknownReleaseError("that is no code: write a letter and four digits (J1940), or a modifier (JW)")
    found = read_codes(text, shape_of(stored.codes))
    if len(found) == 1 and found[0].kind in {CodeKind.CODE, CodeKind.FOREIGN}:
        return found[0].code, tuple(one for one in found[0].modifiers if not FOREIGN_MODIFIER.fullmatch(one))
    return text.strip().upper(), ()
