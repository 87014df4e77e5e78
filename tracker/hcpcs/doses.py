"""Doses: what one unit of a code holds, as far as its description tells. Pure, exact arithmetic.

Injection, furosemide, up to 20 mg   ->  20 mg
Injection, furosemide, 1 mg          ->   1 mg: 20 units of this bill one of the former
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_UNITS: Final[Mapping[str, tuple[str, Fraction]]] = {
    spelling: (dimension, Fraction(size))
    for dimension, size, spellings in (
        ("mass", "1e3", "kg kilogram kilograms"),
        ("mass", "1", "g gm gms gram grams"),
        ("mass", "1e-3", "mg milligram milligrams"),
        ("mass", "1e-6", "mcg ug microgram micrograms"),
        ("activity", "1", "mci millicurie millicuries"),
        ("activity", "1e-3", "uci microcurie microcuries"),
        ("volume", "1", "ml cc milliliter milliliters"),
        ("volume", "1e3", "liter liters"),
        ("international units", "1", "iu i.u."),
        ("units", "1", "unit units"),
        ("area", "1", "sqcm"),
        ("pieces", "1", "each"),
    )
    for spelling in spellings.split()
}
_SCALES: Final = {None: 1, "million": 10**6, "billion": 10**9}
_NUMBER: Final = r"(?:\d[\d,]{0,11}(?:\.\d{1,9})?|\.\d{1,9})"
_UNIT: Final = "(?:{})(?![a-z0-9])".format(
    "|".join(re.escape(name) for name in sorted(_UNITS, key=len, reverse=True) if name != "each")
)
_DOSE: Final = re.compile(
    r"(?<![\w.^-])(?:"
    rf"(?P<limit>up to )?(?:per )?(?P<number>{_NUMBER})[ -]?(?:(?P<scale>million|billion) )?(?P<unit>{_UNIT})"
    rf"|per (?P<single>{_UNIT})"
    r"|(?P<each>each)(?: unit)?(?= ?(?:$|[,;(])))"
)
_AREA: Final = re.compile(r"\b(?:square centimeters?|sq\.? ?cms?\b\.?|cm2\b)")
_CUBIC: Final = re.compile(r"\bcubic centimeters?\b")
# 10.16 mg/ml, 25 mg per cc: a concentration. 1 unit of service: what is billed, not what is in it.
_NO_DOSE: Final = re.compile(rf"{_NUMBER} ?{_UNIT}(?: ?/ ?| per )(?:{_NUMBER} ?)?(?:ml|cc|g)\b|\d+ units? of service")
# A dose in words, or so much of a percentage: nothing to reckon with.
_UNTOLD: Final = re.compile(
    r"\bper (?:\w+ )?(?:dose|vial|treatment|instillation|implant|kit|session|diem|day|week|month)\b"
    r"|(?:%| percent) in \d"
)


@dataclass(frozen=True, slots=True)
class Doses:
    """What one unit of a code holds, as far as its description tells.

    `amounts`: dimension and amount of each dose, in the order of the text. `told` is False where the text has a
    dose that cannot be reckoned with. `text` is for readers: `up to 20 mg`.
    """

    amounts: tuple[tuple[str, Fraction], ...]
    told: bool
    text: str

    def units(self, new: Doses) -> Fraction | None:
        """Return how many units of `new` hold one of these; None where the doses do not tell.

        Several doses (a combination) tell only if all of them give the same answer.
        """
        if not (self.told and new.told and self.amounts):
            return None
        if [dimension for dimension, _ in self.amounts] != [dimension for dimension, _ in new.amounts]:
            return None
        found = {one / other for (_, one), (_, other) in zip(self.amounts, new.amounts, strict=True)}
        return found.pop() if len(found) == 1 else None


def read_doses(description: str) -> Doses:
    """Find the doses in a description."""
    return split_doses(description.lower())[0]


def split_doses(text: str) -> tuple[Doses, str]:
    """Return the doses of a text in lower case, and the text without them."""
    rest = _NO_DOSE.sub(" ", _AREA.sub("sqcm", _CUBIC.sub("cc", text)))
    found = list(_DOSE.finditer(rest))
    amounts = tuple(map(_amount, found))
    told = all(amount for _, amount in amounts) and not _UNTOLD.search(text)
    doses = Doses(amounts, told, " and ".join(map(_dose_in_words, found)))
    return doses, _DOSE.sub(" ", rest) if found else rest


def _amount(match: re.Match[str]) -> tuple[str, Fraction]:
    dimension, size = _UNITS[match["unit"] or match["single"] or match["each"]]
    number = Fraction(match["number"].replace(",", "")) if match["number"] else Fraction(1)
    return dimension, number * _SCALES[match["scale"]] * size


def _dose_in_words(match: re.Match[str]) -> str:
    if match["number"] is None:
        return match[0].replace("sqcm", "square centimeter")
    unit = match["unit"].replace("sqcm", "square centimeters")
    return " ".join(filter(None, ((match["limit"] or "").rstrip(), match["number"], match["scale"], unit)))


def billing_units(old: str, new: str) -> float | None:
    """Return how many units of the description `new` bill one of `old`; None where the doses do not tell.

    A whole number is an int, so that JSON says 20 and not 20.0.
    """
    number = read_doses(old).units(read_doses(new))
    if number is None:
        return None
    return number.numerator if number.denominator == 1 else float(number)
