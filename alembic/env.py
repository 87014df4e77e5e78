"""Runs the migrations on the connection that the caller hands over.

There is no alembic.ini: `tracker.store.migrate` sets everything up, holds the lock and commits, so that
programs which start at the same moment migrate once, and a migration happens whole or not at all.
"""

from alembic import context

from tracker.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()
