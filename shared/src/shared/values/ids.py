"""Identifiers: UUIDv7 everywhere, so that ids sort by the time of their making."""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7, the only kind of id the suite makes."""
    return uuid7()


def derived_id(namespace: UUID, name: str) -> UUID:
    """An id that a replay makes again: uuid5 of a known id and a name."""
    return uuid5(namespace, name)
