"""The gateway's tables: identity, and the event feed."""

from gateway.storage.tables.feed import demo_clock, feed, feed_head
from gateway.storage.tables.identity import (
    api_key,
    delegation,
    login_failure,
    refresh_token,
    setup,
    signing_key,
    unit,
    user,
)
from gateway.storage.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "api_key",
    "delegation",
    "demo_clock",
    "feed",
    "feed_head",
    "login_failure",
    "refresh_token",
    "setup",
    "signing_key",
    "unit",
    "user",
]
