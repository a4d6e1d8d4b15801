"""A change names the version of the row that it stands on."""

from shared.values.errors import Stale


def check_version(stored: int, expected: int) -> None:
    """Errors: 412 `VERSION_STALE`."""
    if stored != expected:
        raise Stale("VERSION_STALE", "the object has changed since it was read", version=stored)
