"""Garments: settings of the catalog, and spaces that refused a region."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refusal",
        sa.Column("region_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_refusal_region_id_region")),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name=op.f("fk_refusal_space_id_space")),
        sa.PrimaryKeyConstraint("region_id", "space_id", name=op.f("pk_refusal")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_refusal_space_id", "refusal", ["space_id"])
