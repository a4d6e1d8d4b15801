"""Sign in, refresh, sign out."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.records.work import Work
from shared.values.errors import Refused, TooMany, Unauthenticated
from shared.values.ids import new_id
from sqlalchemy import Row

from gateway.identity.passwords import matches
from gateway.storage.people import (
    add_refresh,
    failures_of,
    lock_refresh,
    note_failure,
    revoke_family,
    spend_refresh,
    user_by_login,
    user_of,
)

REFRESH_LIFE = timedelta(days=14)
FREE_FAILURES = {"login": 5, "address": 30}
FORGOTTEN_AFTER = timedelta(minutes=15)
LONGEST_WAIT_S = 900


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the family of its refresh tokens, and the first of them."""

    user_id: UUID
    family_id: UUID
    refresh_token: str


async def sign_in(work: Work, login: str, password: str, address: str) -> SignedIn | Refused:
    """Errors: 401 `LOGIN_FAILED` (the same for an unknown login); 429 `LOGIN_THROTTLED` per login and per address."""
    for who in (f"login:{login}", f"address:{address}"):
        await _refuse_throttled(work, who)
    row = await user_by_login(work.session, login)
    known = row is not None and row.active and row.kind == "user"
    if not await matches(row.password_hash if known and row else None, password):
        for who in (f"login:{login}", f"address:{address}"):
            await _count_failure(work, who)
        return Refused(Unauthenticated("LOGIN_FAILED", "login or password is wrong"))
    assert row is not None
    await note_failure(work.session, f"login:{login}", 0, work.now)
    return await _session(work, row.id, new_id())


async def refresh(work: Work, token: str) -> SignedIn | Refused:
    """Each refresh token works once; a second use ends the whole family. Errors: 401 `REFRESH_INVALID`."""
    row = await lock_refresh(work.session, _digest(token))
    invalid = Unauthenticated("REFRESH_INVALID", "sign in again")
    if row is None or row.revoked_at is not None or row.expires_at <= work.now:
        raise invalid
    if row.used_at is not None:
        await revoke_family(work.session, row.family_id, work.now)
        return Refused(invalid)
    user = await user_of(work.session, row.user_id)
    if not user.active:
        raise invalid
    await spend_refresh(work.session, row.id, work.now)
    return await _session(work, row.user_id, row.family_id)


async def sign_out(work: Work, token: str) -> None:
    """The family of this refresh token ends; unknown tokens are ignored."""
    row = await lock_refresh(work.session, _digest(token))
    if row is not None:
        await revoke_family(work.session, row.family_id, work.now)


async def _session(work: Work, user_id: UUID, family_id: UUID) -> SignedIn:
    token = secrets.token_urlsafe(32)
    values = {
        "id": new_id(),
        "family_id": family_id,
        "user_id": user_id,
        "sha256": _digest(token),
        "created_at": work.now,
        "expires_at": work.now + REFRESH_LIFE,
    }
    await add_refresh(work.session, values)
    return SignedIn(user_id, family_id, token)


async def _refuse_throttled(work: Work, who: str) -> None:
    row = await failures_of(work.session, who)
    wait = _wait(row, work.now, FREE_FAILURES[who.partition(":")[0]])
    if wait > 0:
        raise TooMany("LOGIN_THROTTLED", "too many failed attempts", retry_after=int(wait) + 1)


def _wait(row: Row[Any] | None, now: datetime, free: int) -> float:
    """Seconds until the next try: none for the first failures (more for an address, which many share), then doubling."""
    if row is None or row.failures < free:
        return 0
    pause = min(2.0 ** min(row.failures - free, 20), LONGEST_WAIT_S)
    return pause - (now - row.last_at).total_seconds()


async def _count_failure(work: Work, who: str) -> None:
    row = await failures_of(work.session, who)
    fresh = row is None or work.now - row.last_at > FORGOTTEN_AFTER
    await note_failure(work.session, who, 1 if fresh or row is None else row.failures + 1, work.now)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
