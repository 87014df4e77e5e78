"""Releases, the versions of their records, and which release holds which version."""

import sqlalchemy as sa
from alembic import op

revision = "0001_releases"
down_revision = None

PLAIN_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "release",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("code_set", PLAIN_TEXT, nullable=False),
        sa.Column("label", PLAIN_TEXT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("effective_date", sa.Date, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("codes", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("source_sha256", sa.Text, nullable=False),
        sa.Column("header", sa.Text, nullable=False),
        sa.Column("withdrawn", sa.Text),
        sa.Column("archive_stamp", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
        sa.UniqueConstraint("code_set", "label", "revision", name="uq_release_code_set_label_revision"),
    )
    op.create_table(
        "record_version",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("code_set", PLAIN_TEXT, nullable=False),
        sa.Column("code", PLAIN_TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("unknown", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_record_version"),
        sa.UniqueConstraint("code_set", "code", "digest", name="uq_record_version_code_set_code_digest"),
    )
    op.create_index(
        "ix_record_version_unknown",
        "record_version",
        ["unknown"],
        sqlite_where=sa.text("unknown IS NOT NULL"),
        postgresql_where=sa.text("unknown IS NOT NULL"),
    )
    op.create_table(
        "release_record",
        sa.Column("release_id", sa.Integer, nullable=False),
        sa.Column("version_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("release_id", "version_id", name="pk_release_record"),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name="fk_release_record_release_id"),
        sa.ForeignKeyConstraint(["version_id"], ["record_version.id"], name="fk_release_record_version_id"),
        sqlite_with_rowid=False,
    )
    for table in ("release_problem", "release_note"):
        op.create_table(
            table,
            sa.Column("release_id", sa.Integer, nullable=False),
            sa.Column("position", sa.Integer, nullable=False),
            sa.Column("payload", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("release_id", "position", name=f"pk_{table}"),
            sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=f"fk_{table}_release_id"),
        )
