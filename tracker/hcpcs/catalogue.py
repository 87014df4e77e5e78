"""The field catalogue: the one table of HCPCS fields.

Readers, normalising, the diff and the reports take names, sheet labels, column names, text positions,
facets and code lists from here, and nowhere else. Positions are those of CMS's record layout (one-based
there, zero-based here); the column names have been the same in every workbook since 2016. The order is
the order in which a record is shown.

Field names are permanent: archives and users' scripts depend on them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tracker.hcpcs import code_lists
from tracker.hcpcs.event_list import EVENTS
from tracker.model import CodeSet, Facet, Field

if TYPE_CHECKING:
    from collections.abc import Mapping


def _slots(stem: str, count: int) -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for number in range(1, count + 1))


# fmt: off
# name, sheet label, workbook column(s), facet, text position, width of a slot, …
_ROWS: Final = (
    Field("long_description", "Code Description", ("LONG DESCRIPTION",), Facet.DESCRIPTION, 11, 80, required=True),
    Field("short_description", "Short Description", ("SHORT DESCRIPTION",), Facet.DESCRIPTION, 91, 28, required=True),
    Field("added_date", "Code Added Date", ("ADD DT",), Facet.DATES, 268, 8, is_date=True, required=True),
    Field("action_effective_date", "Action Effective Date", ("ACT EFF DT",), Facet.DATES, 276, 8, is_date=True,
          required=True),
    Field("termination_date", "Termination Date", ("TERM DT",), Facet.DATES, 284, 8, is_date=True),
    Field("action_code", "Action Code", ("ACTION CD",), Facet.ACTION, 292, 1, required=True,
          meanings=code_lists.ACTION),
    Field("coverage_code", "Coverage Code", ("COV",), Facet.COVERAGE, 229, 1, required=True,
          meanings=code_lists.COVERAGE),
    Field("pricing_indicators", "Pricing Indicator Code", _slots("PRICE", 4), Facet.PAYMENT, 119, 2,
          zero_filled=True, meanings=code_lists.PRICING),
    Field("multiple_pricing", "Multiple Pricing Indicator Code", ("MULT_PI",), Facet.PAYMENT, 127, 1,
          meanings=code_lists.MULTIPLE_PRICING),
    Field("asc_group", "ASC Payment Group Code", ("ASC_GRP",), Facet.PAYMENT, 230, 2, meanings=code_lists.ASC_GROUP),
    Field("asc_date", "ASC Payment Group Effective Date", ("ASC_DT",), Facet.PAYMENT, 232, 8, is_date=True),
    Field("mog_group", "MOG Payment Group Code", ("OPPS",), Facet.PAYMENT, 240, 3, zero_filled=True,
          meanings=code_lists.MOG_GROUP),
    Field("mog_policy", "MOG Payment Policy Indicator", ("OPPS_PI",), Facet.PAYMENT, 243, 1,
          meanings=code_lists.MOG_POLICY),
    Field("mog_date", "MOG Effective Date", ("OPPS_DT",), Facet.PAYMENT, 244, 8, is_date=True),
    Field("anesthesia_units", "Anesthesia Base Unit Quantity", ("ANEST_BU",), Facet.PAYMENT, 265, 3),
    Field("betos", "Berenson-Eggers Type Of Service Code", ("BETOS",), Facet.CLASSIFICATION, 256, 3,
          meanings=code_lists.BETOS),
    Field("types_of_service", "Type Of Service Code", _slots("TOS", 5), Facet.CLASSIFICATION, 260, 1,
          meanings=code_lists.TYPE_OF_SERVICE),
    Field("cim_references", "Coverage Issues Manual Reference Section Number", _slots("CIM", 3), Facet.REFERENCE,
          128, 6),
    Field("mcm_references", "Medicare Carriers Manual Reference Section Number", _slots("MCM", 3), Facet.REFERENCE,
          146, 8),
    Field("statute", "Statute Number", ("STATUTE",), Facet.REFERENCE, 170, 10),
    Field("lab_certifications", "Lab Certification Code", _slots("LABCERT", 8), Facet.REFERENCE, 180, 3,
          zero_filled=True, meanings=code_lists.LAB_CERTIFICATION),
    Field("cross_references", "Cross Reference Code", _slots("XREF", 5), Facet.REFERENCE, 204, 5),
    Field("processing_note", "Processing Note Number", ("PROCNOTE",), Facet.NOTE, 252, 4, zero_filled=True),
)
# fmt: on

FIELDS: Final[Mapping[str, Field]] = {row.name: row for row in _ROWS}

COLUMNS: Final[Mapping[str, Field]] = {column: row for row in _ROWS for column in row.columns}
"""Publisher's column name (`PRICE1`, `ADD DT`) -> the field that it is a slot of."""

KEY_COLUMNS: Final = ("HCPC", "SEQNUM", "RECID")
"""The three columns of a CMS workbook that make up the record's key, and are not fields."""

CODE: Final = re.compile(r"[A-Z]\d{4}")
MODIFIER: Final = re.compile(r"[A-Z0-9]{2}")
"""What a procedure code looks like, and a modifier."""

FOREIGN_CODES: Final = {"CPT": re.compile(r"\d{4}[0-9A-Z]"), "CDT": re.compile(r"D\d{4}")}
"""The codes of others that stand beside these in lists and cross references: no release here holds them."""

FOREIGN_MODIFIER: Final = re.compile(r"\d\d|[1-8]P|P[1-6]")
"""What CPT's modifiers look like: those of this code set begin with a letter, and none with `P` and a digit."""

RANGES: Final = {
    "A": "Transportation, medical and surgical supplies, administrative",
    "B": "Enteral and parenteral therapy",
    "C": "Hospital outpatient payment system",
    "D": "Dental procedures",
    "E": "Durable medical equipment",
    "G": "Procedures and professional services",
    "H": "Alcohol and drug abuse treatment",
    "J": "Drugs administered other than orally, chemotherapy",
    "K": "Durable medical equipment, temporary",
    "L": "Orthotics and prosthetics",
    "M": "Quality measures and other medical services",
    "P": "Pathology and laboratory",
    "Q": "Temporary codes",
    "R": "Diagnostic radiology",
    "S": "Private payers, temporary",
    "T": "State Medicaid agencies",
    "U": "Laboratory tests, temporary",
    "V": "Vision and hearing",
}
"""First letter of a procedure code -> what its codes are about."""

HCPCS: Final = CodeSet(
    name="hcpcs",
    fields=FIELDS,
    administrative=frozenset({"action_code", "action_effective_date"}),
    added="added_date",
    ended="termination_date",
    acted="action_effective_date",
    title=("long_description", "short_description"),
    events=EVENTS,
    ranges=RANGES,
)


def foreign_code(code: str) -> str:
    """Say what a code of others is, by its look: `a CPT code`, `a CPT modifier`; empty for any other."""
    system = next((name for name, shape in FOREIGN_CODES.items() if shape.fullmatch(code)), None)
    return f"a {system} code" if system else "a CPT modifier" if FOREIGN_MODIFIER.fullmatch(code) else ""
