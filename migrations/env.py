"""Runs the migrations on the connection that engine.migrate hands over, inside its transaction."""

from alembic import context

from engine.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller has begun the one transaction that everything is in
)
context.run_migrations()
