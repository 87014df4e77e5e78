"""Which revision each bare label means, and the views for analysts that docs/analysts.md describes.

A migration that changes a table under the views drops them first, and one for a field that is new makes them anew.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

revision = "0002_views"
down_revision = "0001_releases"

FIELDS = (
    *("long_description", "short_description", "added_date", "action_effective_date", "termination_date"),
    *("action_code", "coverage_code", "pricing_indicators", "multiple_pricing", "asc_group", "asc_date", "mog_group"),
    *("mog_policy", "mog_date", "anesthesia_units", "betos", "types_of_service", "cim_references", "mcm_references"),
    *("statute", "lab_certifications", "cross_references", "processing_note"),
)
REPEATED = frozenset(
    {
        *("pricing_indicators", "types_of_service", "cim_references", "mcm_references", "lab_certifications"),
        "cross_references",
    }
)


@dataclass(frozen=True)
class Words:
    """What SQLite and PostgreSQL call differently; `{}` is where the operands go.

    `text`, `items` give a value of a record by an SQL text that is its name: as text, or the values of a repeated
    field as rows of `value`. `column`, `values` do so for a name that is known, once `columns` is joined: PostgreSQL
    reads a record once for all its columns, ten times as fast as once for each. `fields` joins the fields of which
    something is so; it must come last, or PostgreSQL looks into the records before it knows which have changed. `head`
    gives one of a release's header, `codes` the rows of its list `absent`.
    """

    text: str
    items: str
    column: str
    values: str
    columns: str
    joined: str
    head: str
    codes: str
    place: str
    differ: str
    fields: str
    least: str
    quarter_end: str
    year_end: str


SQLITE = Words(
    text="json_extract({}.payload, '$.record.' || {})",
    items="json_each({}.payload, '$.record.' || {})",
    column="json_extract(version.payload, '$.record.{}')",
    values="json_each(version.payload, '$.record.{}')",
    columns="",
    joined="group_concat(value, '; ')",
    head="json_extract(header, '$.tracker_snapshot.{}')",
    codes="json_each(header, '$.tracker_snapshot.absent')",
    place="instr({}, {})",
    differ="{} IS NOT {}",
    fields="CROSS JOIN field WHERE {}",
    least="min",
    quarter_end="date(effective_date, '+3 months', '-1 day')",
    year_end="date(effective_date, '+1 year', '-1 day')",
)
POSTGRESQL = Words(
    text="({}.payload::json -> 'record' ->> {})",
    items=(
        "json_array_elements_text(CASE json_typeof({0}.payload::json -> 'record' -> {1})"
        " WHEN 'array' THEN {0}.payload::json -> 'record' -> {1}"
        " WHEN 'string' THEN json_build_array({0}.payload::json -> 'record' -> {1}) END) AS one(value)"
    ),
    column="stored.{}",
    values=(
        "json_array_elements_text(CASE json_typeof(stored.{0})"
        " WHEN 'array' THEN stored.{0} WHEN 'string' THEN json_build_array(stored.{0}) END) AS one(value)"
    ),
    columns=(
        "CROSS JOIN LATERAL json_to_record(version.payload::json -> 'record') AS stored(kind text, "
        f"{', '.join(f'{name} json' if name in REPEATED else f'{name} text' for name in FIELDS)})"
    ),
    joined="string_agg(value, '; ')",
    head="(header::json -> 'tracker_snapshot' ->> '{}')",
    codes="json_array_elements_text(header::json -> 'tracker_snapshot' -> 'absent') AS one(value)",
    place="strpos({}, {})",
    differ="{} IS DISTINCT FROM {}",
    fields="CROSS JOIN LATERAL (SELECT * FROM field WHERE {} OFFSET 0) AS field WHERE TRUE",
    least="least",
    quarter_end="CAST(CAST(effective_date + interval '3 months' - interval '1 day' AS date) AS text)",
    year_end="CAST(CAST(effective_date + interval '1 year' - interval '1 day' AS date) AS text)",
)


def upgrade() -> None:
    """Add the column, which the next opening fills, and make the views."""
    op.add_column("release", sa.Column("current", sa.Boolean, nullable=False, server_default=sa.false()))
    words = SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL
    for name, select in (("record", record(words)), ("validity", validity(words)), ("change", change(words))):
        op.get_bind().exec_driver_sql(f"CREATE VIEW hcpcs_{name} AS {select}")


def record(words: Words) -> str:
    """One row a code and revision, with a column for each field."""

    def column(name: str) -> str:
        values = f"(SELECT {words.joined} FROM {words.values.format(name)})"
        return f"{values if name in REPEATED else words.column.format(name)} AS {name}"

    def missing(name: str) -> str:
        return (
            f"CASE WHEN {words.place.format('fields', quoted(chr(34) + name + chr(34)))} = 0 THEN '{name} ' ELSE '' END"
        )

    def told(name: str) -> str:
        lost = words.place.format(spaced("version.unknown"), quoted(f" {name} "))
        lacking = words.place.format("' ' || lacking", quoted(f" {name} "))
        return f"CASE WHEN {lost} + {lacking} > 0 THEN '{name} ' ELSE '' END"

    return f"""
        WITH header AS (
            SELECT *, {words.head.format("fields")} AS fields, {words.head.format("published_date")} AS published_date
            FROM release WHERE code_set = 'hcpcs'
        ), covered AS MATERIALIZED (
            SELECT *, {" || ".join(map(missing, sorted(FIELDS)))} AS lacking FROM header
        )
        SELECT label, revision, CAST(effective_date AS text) AS effective_date, published_date, complete,
            withdrawn IS NOT NULL AS withdrawn, current, code,
            {words.column.format("kind")} AS kind,
            {", ".join(map(column, FIELDS))},
            replace(CASE
                WHEN lacking = '' THEN version.unknown ELSE trim({" || ".join(map(told, sorted(FIELDS)))})
            END, ' ', '; ') AS unknown
        FROM covered
        JOIN release_record ON release_id = covered.id
        JOIN record_version AS version ON version.id = version_id AND version.code_set = 'hcpcs'
        {words.columns}
    """


def validity(words: Words) -> str:
    """One row a span of days on which a code was valid, as the dates in the current releases tell it.

    The rules are those of `tracker/hcpcs/lives.py`. Texts are not understood: what is reused for something else has
    one row. A day and a value in one text let `max` give the value of the last day.
    """

    def day(name: str) -> str:
        text = words.text.format("version", quoted(name))
        return f"CASE WHEN {text} LIKE '____-__-__' THEN {text} END"

    fields = words.head.format("fields")
    has_end = words.place.format("fields", quoted('"termination_date"'))
    lost = words.place.format(spaced("version.unknown"), quoted(" termination_date "))
    held = "EXISTS (SELECT 1 FROM release_record WHERE release_id = told.{}_id AND version_id = version.id)"
    return f"""
        WITH present AS (
            SELECT id, CAST(effective_date AS text) AS day, complete, {fields} AS fields,
                CASE WHEN effective_date < '2020-01-01' THEN {words.year_end} ELSE {words.quarter_end} END AS until
            FROM release WHERE current AND code_set = 'hcpcs'
        ), told AS MATERIALIZED (
            SELECT id, day, until, {has_end} > 0 AS has_end,
                CASE WHEN lag(fields) OVER days = fields THEN lag(id) OVER days END AS before_id,
                CASE WHEN lead(fields) OVER days = fields THEN lead(id) OVER days END AS after_id,
                coalesce((
                    SELECT min(later.day) FROM present AS later WHERE later.complete AND later.day > present.day
                ), '9999') AS next_whole
            FROM present WINDOW days AS (ORDER BY day)
        ), absent AS MATERIALIZED (
            SELECT value AS code, CAST(effective_date AS text) AS day FROM release CROSS JOIN {words.codes}
            WHERE current AND code_set = 'hcpcs'
        ), seen AS (
            SELECT code, day, until, {words.text.format("version", "'kind'")} AS kind,
                coalesce({words.text.format("version", "'long_description'")},
                    {words.text.format("version", "'short_description'")}) AS description,
                {words.text.format("version", "'action_code'")} AS letter, {day("added_date")} AS added,
                {day("action_effective_date")} AS acted, {day("termination_date")} AS ended,
                has_end AND {lost} = 0 AS tells_end,
                CASE WHEN {held.format("after")} THEN '9999' ELSE {words.least}(next_whole, coalesce((
                    SELECT min(absent.day) FROM absent WHERE absent.code = version.code AND absent.day > told.day
                ), '9999')) END AS missed
            FROM told
            JOIN release_record ON release_id = told.id
            JOIN record_version AS version ON version.id = version_id AND version.code_set = 'hcpcs'
            WHERE NOT ({held.format("before")} AND {held.format("after")})
        ), followed AS (
            SELECT *,
                lead(day, 1, '9999') OVER earlier AS next_day,
                lag(until) OVER earlier AS before_until,
                lag(missed) OVER earlier AS before_missed,
                substr(max(CASE WHEN tells_end THEN day || coalesce(ended, '') END) OVER earlier, 11) AS before_ended,
                substr(max(day || acted) OVER earlier, 11) AS before_acted,
                substr(max(day || added) OVER earlier, 11) AS before_added
            FROM seen
            WINDOW earlier AS (PARTITION BY code ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ), begun AS (
            SELECT *, CASE
                WHEN before_until IS NULL THEN
                    CASE WHEN letter = 'R' AND acted IS NOT NULL AND (added IS NULL OR added < acted) THEN acted END
                WHEN coalesce(before_ended, '') = '' AND before_missed < day AND added <> before_added
                    AND added > before_until THEN added
                WHEN before_ended <> '' AND tells_end AND ended IS NULL
                    AND (letter = 'R' OR (acted <> before_acted AND acted > before_ended))
                    AND before_ended < coalesce(acted, day)
                    AND (before_added IS NULL OR before_added < coalesce(acted, day)) THEN coalesce(acted, day)
            END AS begin
            FROM followed
        ), numbered AS (
            SELECT *, count(CASE WHEN before_until IS NOT NULL THEN begin END) OVER (PARTITION BY code ORDER BY day)
                AS life
            FROM begun
        ), gathered AS (
            SELECT code, kind, day,
                max(day) OVER life AS last_day,
                substr(max(day || description) OVER life, 11) AS description,
                coalesce(max(begin) OVER life, substr(max(day || added) OVER life, 11)) AS valid_from,
                coalesce(
                    nullif(substr(max(CASE WHEN tells_end THEN day || coalesce(ended, '') END) OVER life, 11), ''),
                    nullif(substr(max(day || CASE WHEN missed < next_day THEN until ELSE '' END) OVER life, 11), '')
                ) AS valid_to
            FROM numbered WINDOW life AS (PARTITION BY code, life)
        )
        SELECT code, kind, description, valid_from, valid_to FROM gathered WHERE day = last_day
    """


def change(words: Words) -> str:
    """One row a field that differs between a current complete release and the one before, as `tracker diff` has it."""
    old, new = (
        f"CASE WHEN repeated THEN {joined(words, side, 'field.name')} ELSE {words.text.format(side, 'field.name')} END"
        for side in ("old", "new")
    )
    texts = [words.text.format(side, "field.name") for side in ("old", "new")]
    # The order of a repeated field's values means nothing.
    sets = [
        f"(SELECT {words.joined} FROM (SELECT DISTINCT value FROM {items} ORDER BY value) AS sorted)"
        for items in (words.items.format(side, "field.name") for side in ("old", "new"))
    ]
    known = [
        clause
        for side in ("old", "new")
        for clause in (
            f"{words.place.format(f'{side}_fields', 'field.quoted')} > 0",
            f"{words.place.format(spaced(f'{side}.unknown'), 'field.spaced')} = 0",
        )
    ]
    differs = [words.differ.format(*texts), *known, f"(NOT repeated OR {words.differ.format(*sets)})"]
    names = ", ".join(f"('{name}', '\"{name}\"', ' {name} ', {name in REPEATED})" for name in FIELDS)
    return f"""
        WITH field(name, quoted, spaced, repeated) AS (VALUES {names}), whole AS (
            SELECT id, label, {words.head.format("fields")} AS fields, lag(id) OVER (ORDER BY effective_date) AS before
            FROM release WHERE current AND complete AND code_set = 'hcpcs'
        ), pair AS MATERIALIZED (
            SELECT old.id AS old_id, old.label AS old_label, old.fields AS old_fields,
                new.id AS new_id, new.label AS new_label, new.fields AS new_fields
            FROM whole AS new JOIN whole AS old ON old.id = new.before
        )
        SELECT old_label, new_label, new.code AS code, {words.text.format("new", "'kind'")} AS kind,
            'changed' AS status, field.name AS field, {old} AS old_value, {new} AS new_value
        FROM pair
        JOIN release_record AS new_record ON new_record.release_id = new_id
        JOIN record_version AS new ON new.id = new_record.version_id
        JOIN record_version AS old ON old.code_set = 'hcpcs' AND old.code = new.code AND old.id <> new.id
        {words.fields.format(" AND ".join(differs))}
        AND EXISTS (SELECT 1 FROM release_record WHERE release_id = old_id AND version_id = old.id)
        UNION ALL {only(words, "old", "new", f"'removed', field.name, {old}, NULL")}
        UNION ALL {only(words, "new", "old", f"'added', field.name, NULL, {new}")}
    """


def only(words: Words, side: str, other: str, columns: str) -> str:
    """The fields of the codes that one side of a pair holds and the other does not."""
    return f"""
        SELECT old_label, new_label, {side}.code, {words.text.format(side, "'kind'")}, {columns}
        FROM pair
        JOIN release_record AS held ON held.release_id = {side}_id
        JOIN record_version AS {side} ON {side}.id = held.version_id
        {words.fields.format(f"{words.text.format(side, 'field.name')} IS NOT NULL")}
        AND NOT EXISTS (SELECT 1 FROM release_record WHERE release_id = {other}_id AND version_id = held.version_id)
        AND NOT EXISTS (
            SELECT 1 FROM record_version AS {other}
            JOIN release_record ON release_id = {other}_id AND version_id = {other}.id
            WHERE {other}.code_set = 'hcpcs' AND {other}.code = {side}.code
        )
    """


def joined(words: Words, table: str, name: str) -> str:
    """The values of a repeated field in one text."""
    return f"(SELECT {words.joined} FROM {words.items.format(table, name)})"


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return f"'{text}'"


def spaced(names: str) -> str:
    """Names parted by blanks, or NULL, as a text in which each has a blank on both sides."""
    return f"' ' || coalesce({names}, '') || ' '"
