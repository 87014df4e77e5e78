"""How like two descriptions are: does one code stand for what another one stood for? Pure.

A description is understood first: the words that name the thing, for a drug its maker, route and doses, the days
on which the code begins and ends. Then two are compared, with a score from 0 to 1 and its reasons in words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.doses import Doses, split_doses
from tracker.hcpcs.normalise import iso_date
from tracker.model import Record

# The thresholds were set on the real releases; `tests/hcpcs/test_successors.py` measures them.

THRESHOLD: Final = 0.75
"""What scores lower is not suggested."""

SERVICE_THRESHOLD: Final = 0.9
"""The same for services and quality measures (G, M, some C): they resemble each other and mean different things."""

BEFORE: Final = timedelta(days=200)
AFTER: Final = timedelta(days=370)
"""How long before or after the day after the end a suggested code may have started. A lasting code is often
there a quarter before the temporary one ends; what starts years later replaces nothing."""

# What a description names


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SPELLED: Final = {
    "hcl": "hydrochloride",
    "inj": "injection",
    "injectable": "injection",
    "programable": "programmable",
    "adrenalin": "epinephrine",
    "%": "percent",
}
_FILLERS: Final = _set("a an the of for to and or by in on at as is are be that this which its")
"""Words that name nothing."""
_DRUG_FILLERS: Final = _FILLERS | _set(
    """with per any each up from use used using via only administration injection infusion excludes biosimilar
    fda approved prescription study single dose vial"""
)
_SALTS: Final = _set(
    """hydrochloride sodium potassium calcium acetate succinate phosphate sulfate citrate tartrate butyrate
    hyclate disodium chloride tromethamine maleate mesylate besylate fumarate decanoate enanthate cypionate
    palmitate hydrobromide nitrate gluconate lactate carbonate"""
)
_WEAK: Final = _SALTS | _set(
    """human recombinant antihemophilic diagnostic therapeutic derivative solution powder liquid lyophilized
    form suspension live intravenous subcutaneous intramuscular intravitreal suprachoroidal intraocular
    intrathecal intravesical ophthalmic oral tablet capsule instillation irrigation inhalation topical implant
    pellet insert"""
)
"""Words that tell little of which drug it is: salts, forms, routes."""
_ROUTES: Final[Mapping[str, str]] = {
    word: route
    for route, words in {
        "injection": """injection infusion intravenous subcutaneous intramuscular intravitreal suprachoroidal
            intraocular intrathecal""",
        "oral": "oral tablet capsule",
        "instillation": "instillation intravesical irrigation",
        "inhalation": "inhalation inhaler nebulizer",
        "topical use": "topical gel cream ointment patch transdermal",
        "implant": "implant pellet insert",
    }.items()
    for word in words.split()
}
_NEAR_ROUTES: Final = _set("injection instillation implant")
"""Routes that CMS has moved the same drug between (C9275 to A9589)."""
_NEGATIONS: Final = _set("not no non without never unable declined refused")
_SHORT_WORD: Final = 4
"""Letters of a word whose last s is no plural."""
LONG_WORD: Final = 8
"""Letters of a word in which one wrong letter is a misspelling."""

_WORD: Final = re.compile(r"[a-z0-9]+(?:\.\d+)?|%|[<>=]+")
_NUMBERED: Final = re.compile(r"\b([a-z]{1,2})-(\d+)|\b(c|cu|f|ga|lu|n|ra|tc|xe|zr) (\d+)")  # I-131, F 18
_NON: Final = re.compile(r"\bnon[- ]")
_GENERAL: Final = re.compile(r"\bnot[- ]otherwise[- ](?:specified|classified)\b")
_NOT_EQUIVALENT: Final = re.compile(r"\bnot \w+ equivalent to [a-z0-9 ]+")
_REMARK: Final = re.compile(r"\((?:code may be used|list separately|for use in|do not use|e\.g\.?)[^)]*\)")
_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
_SUFFIX: Final = re.compile(r"(?<=[a-z]{4})\)?-(?!free|like|dose|type|long|term|care|time|aged)([a-z]{4})\b")
_MENTION: Final = re.compile(r"\b[a-z]\d{4}\b")
_CELLS: Final = re.compile(r"(?:injection, )?([a-z]+(?: [a-z]+)?leucel)\b")
"""A cell therapy, named by its first words; how the cells are described changes from code to code."""
_FORM: Final = re.compile(r"\b(?:inj|injection|injectable|instillation|infusion|study dose)\b")
_DRUG_CODE: Final = re.compile(r"[ABJPQS]\d|C[1-6]|C9[0-6]")
_SKIN_CODE: Final = re.compile(r"Q4[1-4]\d\d|A20\d\d")
_SERVICE_CODE: Final = re.compile(r"[GM]\d|C[78]|C9[7-9]")


@dataclass(frozen=True, slots=True)
class Description:
    """A description, understood.

    `words` name the thing, in the order of the text. For a drug, `makers` are those that stand in parentheses only,
    `suffixes` the four letters behind a biological's name, and `alone` says that it is "not therapeutically
    equivalent" to another code. `names` are a skin substitute's ("epifix or epicord"), `mentions` the codes named.
    """

    record: Record
    added: date | None
    ended: date | None
    doses: Doses
    drug: bool
    words: tuple[str, ...]
    makers: tuple[str, ...]
    suffixes: frozenset[str]
    routes: frozenset[str]
    biosimilar: bool
    alone: bool
    names: frozenset[frozenset[str]]
    mentions: frozenset[str]
    everything: frozenset[str]
    weight: float


def describe(record: Record) -> Description:
    """Understand the description of a record."""
    text = text_of(record).lower()
    doses, rest = split_doses(text)
    cells = _CELLS.match(text)
    physical = any(dimension not in {"pieces", "area"} for dimension, _ in doses.amounts)
    drug = bool(_DRUG_CODE.match(record.code) and (physical or cells or _FORM.search(text)))
    rest, alone = _NOT_EQUIVALENT.subn(" ", _GENERAL.sub(" ", _REMARK.sub(" ", _NON.sub("non", rest))))
    mentions = frozenset(_MENTION.findall(rest))
    rest = _NUMBERED.sub(lambda match: "".join(filter(None, match.groups())), _MENTION.sub(" ", rest))
    suffixes, routes, bracketed = [], frozenset[str](), ""
    if drug:
        rest = cells[1] if cells else rest
        suffixes, rest = _SUFFIX.findall(rest), _SUFFIX.sub(" ", rest)
        bracketed, rest = " ".join(_BRACKETED.findall(rest)), _BRACKETED.sub(" ", rest)
        routes = frozenset(_ROUTES[word] for word in _words(text, frozenset()) if word in _ROUTES)
    fillers = _DRUG_FILLERS if drug else _FILLERS
    aside = list(_words(bracketed, fillers))
    words = tuple(dict.fromkeys([*_words(rest, fillers), *(word for word in aside if word in _WEAK)]))
    makers = tuple(word for word in dict.fromkeys(aside) if word not in words)
    names = re.split(r"\bor\b", rest.partition(",")[0]) if _SKIN_CODE.fullmatch(record.code) else ()
    return Description(
        record=record,
        added=day_of(record, HCPCS.added),
        ended=day_of(record, HCPCS.ended),
        doses=doses,
        drug=drug,
        words=words,
        makers=makers,
        suffixes=frozenset(suffixes),
        routes=routes,
        biosimilar="biosimilar" in text and "excludes biosimilar" not in text,
        alone=bool(alone),
        names=frozenset(frozenset(_words(name, fillers)) for name in names),
        mentions=mentions,
        everything=frozenset(words + makers),
        weight=weigh(words),
    )


def text_of(record: Record) -> str:
    """Return the description, or where a source has none the short one."""
    return next((str(record.values[field]) for field in HCPCS.title if record.values.get(field)), "")


def _words(text: str, fillers: frozenset[str]) -> Iterator[str]:
    for found in _WORD.findall(text):
        word = _SPELLED.get(found, found)
        if word not in fillers:
            yield word if word[-1] != "s" else _singular(word)


def _singular(word: str) -> str:
    if len(word) <= _SHORT_WORD or word[-2] in "sui":
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


def weigh(words: Collection[str]) -> float:
    """Return how much words tell of the thing: salts and forms tell little."""
    return len(words) - 0.75 * len(_WEAK.intersection(words))


def day_of(record: Record, field: str) -> date | None:
    """Return the day in a date field of a record, or None."""
    return iso_date(str(record.values.get(field, "")))


# How like two descriptions are

SHARE: Final = THRESHOLD / 2 - 0.01
"""Of the words of two descriptions: what fewer are shared cannot score enough. Spares most comparisons."""


def _likeness(old: Description, new: Description) -> tuple[float, list[str]]:
    """Return a score and its reasons, the first valid day apart."""
    if old.names and new.names:
        return _skin_likeness(old, new)
    score, reasons = _drug_likeness(old, new) if old.drug and new.drug else _item_likeness(old, new)
    return (score if old.drug == new.drug else score * 0.8), reasons


def _part(old: frozenset[str], new: frozenset[str]) -> tuple[set[str], set[str], set[str]]:
    """Return the words in both, those gone and those that came. A misspelled word is the same word."""
    both, gone, came = set(old & new), set(old - new), set(new - old)
    for word in sorted(gone):
        variant = next((other for other in sorted(came) if is_misspelled(word, other)), None)
        if variant is not None:
            gone.remove(word)
            came.remove(variant)
            both |= {word, variant}
    return both, gone, came


def is_misspelled(one: str, other: str) -> bool:
    """Whether two long words differ in one letter: bupivicaine, bupivacaine. No two drugs are that near."""
    if one[0] != other[0] or min(len(one), len(other)) < LONG_WORD or abs(len(one) - len(other)) > 1:
        return False
    begin = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), -1)
    return begin > 0 and one[begin + (len(one) >= len(other)) :] == other[begin + (len(other) >= len(one)) :]


def _drug_likeness(old: Description, new: Description) -> tuple[float, list[str]]:
    both, gone, came = _part(old.everything, new.everything)
    old_makers, new_makers = gone.intersection(old.makers), came.intersection(new.makers)
    shared_makers = both.intersection(old.makers, new.makers)
    gone -= old_makers
    came -= new_makers
    different = weigh(gone) + weigh(came)
    named = [word for word in old.words if word in both]
    if all(word in _WEAK for word in named):
        if different or not named:  # salts alone: calcium gluconate
            return 0.0, []
    else:
        named = [word for word in named if word not in _WEAK]
    shared = 2 * weigh(both & new.everything - shared_makers) or 1.0
    score = shared / (shared + different)
    reasons = [f"{'same' if different < 1 else 'similar'} drug ({' '.join(named[:4])})"]
    if gone & _SALTS and came & _SALTS:
        score *= 0.6
    if gone - _WEAK and came - _WEAK:
        score *= 0.9
    score *= _same_source(old, new, shared=bool(shared_makers))
    if old_makers and new_makers:
        score *= 0.95 if shared_makers else 0.6
    elif new_makers:
        score *= 0.85
        reasons.append(f"only for ({' '.join(word for word in new.makers if word in new_makers)})")
    elif old_makers:
        score *= 0.9
        reasons.append(f"no longer for ({' '.join(word for word in old.makers if word in old_makers)}) alone")
    if old.routes and new.routes and not old.routes & new.routes:
        score *= 0.9 if old.routes | new.routes <= _NEAR_ROUTES else 0.5
        reasons.append(f"{'/'.join(sorted(new.routes))} instead of {'/'.join(sorted(old.routes))}")
    return score, reasons


def _same_source(old: Description, new: Description, *, shared: bool) -> float:
    """Return what it takes from a score that one is another biological, or a version for one maker alone."""
    worth = 1.0
    if old.suffixes and new.suffixes and not old.suffixes & new.suffixes:
        worth = 0.4
    elif old.suffixes != new.suffixes:
        worth = 0.95 if old.suffixes else 0.9
    if old.biosimilar != new.biosimilar:
        worth *= 0.7
    if new.alone and not shared:
        worth *= 0.85
    return worth


def _skin_likeness(old: Description, new: Description) -> tuple[float, list[str]]:
    both = old.names & new.names
    if not both:
        return 0.0, []
    named = sorted(" ".join(word for word in old.words if word in name) for name in both)
    return (1.0 if old.names == new.names else 0.9), [f"same product ({' or '.join(named)})"]


def _item_likeness(old: Description, new: Description) -> tuple[float, list[str]]:
    both, gone, came = _part(old.everything, new.everything)
    if not both:
        return 0.0, []
    score = 2 * len(both) / (2 * len(both) + len(gone) + len(came))
    if old.mentions != new.mentions:
        score *= 0.9
    if not gone and not came:
        return score, ["same words" if old.mentions == new.mentions else "same words but for the code they mention"]
    replaced = min(len(gone), len(came))
    if replaced:
        score *= 0.85 if replaced == 1 else 0.7
    if (gone | came) & _NEGATIONS:
        score *= 0.5
    if any(word[0].isdigit() for word in gone | came):
        score *= 0.8
    parts = [
        f"{word} " + ", ".join(f'"{one}"' for one in words[:3])
        for word, words in (
            ("without", [one for one in old.words if one in gone]),
            ("with", [one for one in new.words if one in came]),
        )
        if words
    ]
    return score, [f"almost the same words ({' and '.join(parts)})"]


def _timeliness(ended: date | None, added: date | None) -> tuple[float, str]:
    """Return what the first valid day is worth (nothing where it is too far from the end), and what to say of it."""
    if ended is None or added is None:
        return 0.85, "its first valid day or the other's last one is not known"
    late = added - ended - timedelta(days=1)
    if not late:
        return 1.0, "starts the day after"
    if late < timedelta():
        return (0.97 + 0.1 * (late / BEFORE) if -late <= BEFORE else 0.0), f"started {added}, before the end"
    return (0.95 - 0.2 * (late / AFTER) if late <= AFTER else 0.0), f"starts {late.days} days after the end"


def judge(old: Description, new: Description) -> tuple[float, str]:
    """Return score and reason; the score is 0 where it is too low to be told."""
    worth, when = _timeliness(old.ended, new.added)
    if not worth or (new.ended and old.ended and new.ended <= old.ended):
        return 0.0, ""
    score, reasons = _likeness(old, new)
    score *= worth
    if score < (SERVICE_THRESHOLD if _SERVICE_CODE.match(old.record.code) else THRESHOLD):
        return 0.0, ""
    if old.doses.text and new.doses.text:
        if old.doses.amounts != new.doses.amounts:
            reasons.append(f"{when}, {new.doses.text} instead of {old.doses.text}")
        else:
            reasons.append(f"{when}, {new.doses.text} as before")
    else:
        reasons.append(when)
    return score, ", ".join(reasons)
