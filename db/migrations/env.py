"""Runs the versions on the connection that `db.migrate` hands over, in its transaction."""

from alembic import context

connection = context.config.attributes["connection"]
applied = context.config.attributes["applied"]
context.configure(
    connection=connection,
    version_table="schema_version",
    on_version_apply=lambda step, **_rest: applied(step.up_revision_id),
)
context.run_migrations()
