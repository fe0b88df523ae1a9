"""Alembic's entry: runs the steps on the connection that `store.migrate` opened and locked."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="hub_version",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
