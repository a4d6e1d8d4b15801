"""An aggregate's stream: which row carries its event sequence and its record key."""

from dataclasses import dataclass

from sqlalchemy import Table


@dataclass(frozen=True, slots=True)
class Stream:
    """Declared once per aggregate, beside its table.

    `table.event_seq` counts the aggregate's events without a gap from 1; `key_column` holds the record key, which is
    the customer id if the aggregate knows it at its first event, else its own id, and never changes.
    """

    aggregate: str
    table: Table
    id_column: str = "id"
    key_column: str = "event_key"
