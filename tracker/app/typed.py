"""A code as somebody types it: `j1940`, `HCPCS:J1940`, `J1940-JW`, read as in a list."""

from __future__ import annotations

from tracker.app.own_list import shape_of
from tracker.app.stored import Stored
from tracker.hcpcs.catalogue import FOREIGN_MODIFIER, HCPCS
from tracker.lists.codes import CodeKind, read_codes


def typed(stored: Stored, text: str) -> tuple[str, tuple[str, ...]]:
    """Return the code, in upper case, and the modifiers behind it that are not CPT's.

    What is not one code is returned as it is, in upper case: whoever looks for it says that there is none.
    """
    found = read_codes(text, shape_of(frozenset(stored.store.codes(HCPCS.name))))
    if len(found) == 1 and found[0].kind in {CodeKind.CODE, CodeKind.FOREIGN}:
        return found[0].code, tuple(one for one in found[0].modifiers if not FOREIGN_MODIFIER.fullmatch(one))
    return text.strip().upper(), ()
