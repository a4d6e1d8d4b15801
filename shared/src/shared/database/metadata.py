"""Where tables are declared: one naming convention, and the metadata of the rows that every service keeps alike."""

from sqlalchemy import MetaData

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

RECORDS = MetaData(naming_convention=NAMING)


def service_metadata() -> MetaData:
    """Metadata for the tables that one service owns."""
    return MetaData(naming_convention=NAMING)
