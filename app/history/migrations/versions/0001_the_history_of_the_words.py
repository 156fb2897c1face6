"""The history of the words: revisions, the draft, pictures, deeds and links."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)
NAME = sa.String(200)


def upgrade() -> None:
    op.create_table(
        "revisions",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("based_on", sa.Integer),
        sa.Column("restores", sa.Integer),
        sa.Column("made_by", NAME, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("comment", sa.String, nullable=False),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("withdrawn_by", NAME),
        sa.Column("withdrawn_at", MOMENT),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("contents", sa.LargeBinary),
        sa.Column("changes", sa.LargeBinary),
        sa.PrimaryKeyConstraint("number", name="pk_revisions"),
        sa.ForeignKeyConstraint(["based_on"], ["revisions.number"], name="fk_revisions_based_on"),
        sa.ForeignKeyConstraint(["restores"], ["revisions.number"], name="fk_revisions_restores"),
        sa.CheckConstraint("(contents IS NULL) <> (changes IS NULL)", name=op.f("ck_revisions_held_once")),
        sa.CheckConstraint("contents IS NOT NULL OR based_on IS NOT NULL", name=op.f("ck_revisions_based")),
    )
    op.create_table(
        "drafts",
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("is_absent", sa.Boolean, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("made_by", NAME, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_drafts"),
    )
    op.create_table(
        "restrictions",
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("made_by", NAME, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_restrictions"),
    )
    op.create_table(
        "pictures",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("made_by", NAME, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_pictures"),
    )
    op.create_table(
        "deeds",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("done_at", MOMENT, nullable=False),
        sa.Column("done_by", NAME, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_deeds"),
    )
    op.create_table(
        "links",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_links"),
    )


def downgrade() -> None:
    for table in ("links", "deeds", "pictures", "restrictions", "drafts", "revisions"):
        op.drop_table(table)
