"""Alembic migrations of catalog.db. Run by engine.migrate, never by the alembic command line."""
