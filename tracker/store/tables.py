"""The tables of the database. `alembic/versions/` makes them; this module is how the store speaks of them.

Content-addressed: a record that does not change from release to release is one row of `record_version`,
however many rows of `release_record` point at it.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# Sorts by plain bytes. SQLite always does; a PostgreSQL database may have been made with a human order.
PlainText = Text().with_variant(Text(collation="C"), "postgresql")

release = Table(
    "release",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code_set", PlainText, nullable=False),
    Column("label", PlainText, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("effective_date", Date, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("codes", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("source_sha256", Text, nullable=False),
    Column("header", Text, nullable=False),  # the first line of the archive file
    Column("withdrawn", Text),
    Column("archive_stamp", Text, nullable=False),
    Column("current", Boolean, nullable=False, server_default=false()),  # what its bare label means; for the views
    UniqueConstraint("code_set", "label", "revision"),
)

record_version = Table(
    "record_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code_set", PlainText, nullable=False),
    Column("code", PlainText, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("unknown", Text),  # names of unknown fields, joined by a space; NULL for none
    Column("payload", Text, nullable=False),  # the line of the archive file
    UniqueConstraint("code_set", "code", "digest"),
)

# Few versions have unknown fields. Counting those that two releases share begins with this short list. It is as
# short on PostgreSQL, where the migration alone says so: a `postgresql_where` here would import that dialect
# into every command (0.02 s).
Index(None, record_version.c.unknown, sqlite_where=record_version.c.unknown.is_not(None))

# By far the longest table: without a rowid, and without an index on version_id, 10 bytes a row.
release_record = Table(
    "release_record",
    metadata,
    Column("release_id", ForeignKey(release.c.id), primary_key=True),
    Column("version_id", ForeignKey(record_version.c.id), primary_key=True),
    sqlite_with_rowid=False,
)

release_problem = Table(
    "release_problem",
    metadata,
    Column("release_id", ForeignKey(release.c.id), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("payload", Text, nullable=False),
)

release_note = Table(
    "release_note",
    metadata,
    Column("release_id", ForeignKey(release.c.id), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("payload", Text, nullable=False),
)
