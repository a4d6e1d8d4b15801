"""`Idempotency-Key`: the answer to a command is stored in the transaction of the command itself (48 h)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import ColumnElement, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.records.tables import idempotency
from shared.values.errors import BadRequest, Conflict, Invalid

KEPT = timedelta(hours=48)
FORM = re.compile(r"^[\x21-\x7e]{1,255}$")
STORED = {409} | set(range(200, 300))
TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 2))")


class Replayed(Exception):
    """The command was answered before: `response` is that answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("replayed")
        self.response = response


@dataclass(frozen=True, slots=True)
class CommandKey:
    """One command of one principal; another principal's same key is another command."""

    principal_id: UUID
    method: str
    path: str
    key: str
    body_sha256: bytes

    async def claim(self, session: AsyncSession) -> None:
        """Take the command. Errors: `Replayed`; 409 `IN_PROGRESS`; 422 `IDEMPOTENCY_KEY_REUSED`."""
        name = f"{self.principal_id}|{self.method}|{self.path}|{self.key}"
        if not await session.scalar(TRY_LOCK, {"name": name}):
            raise Conflict("IN_PROGRESS", "the same command is still running", retry_after=1)
        stored = (await session.execute(select(idempotency).where(self._is_mine()))).first()
        if stored is None:
            return
        if stored.body_sha256 != self.body_sha256:
            raise Invalid("IDEMPOTENCY_KEY_REUSED", "the key was used for another body")
        headers = {"Idempotency-Replayed": "true"}
        raise Replayed(Response(stored.body, stored.status, headers, stored.content_type))

    async def keep(self, session: AsyncSession, response: Response, now: datetime) -> None:
        """Store a success or a conflict; a first answer is never overwritten."""
        if response.status_code not in STORED:
            return
        row = {
            "principal_id": self.principal_id,
            "method": self.method,
            "path": self.path,
            "key": self.key,
            "body_sha256": self.body_sha256,
            "status": response.status_code,
            "content_type": response.headers.get("content-type", "application/json"),
            "body": bytes(response.body),
            "created_at": now,
        }
        await session.execute(insert(idempotency).values(row).on_conflict_do_nothing())

    def _is_mine(self) -> ColumnElement[bool]:
        columns = idempotency.c
        place = (columns.principal_id == self.principal_id) & (columns.method == self.method)
        return place & (columns.path == self.path) & (columns.key == self.key)


async def command_key(request: Request, principal_id: UUID, key: str | None, required: bool) -> CommandKey | None:
    """The key that the request carries. Errors: 400 `IDEMPOTENCY_KEY_REQUIRED`, 400 `IDEMPOTENCY_KEY_MALFORMED`."""
    if key is None:
        if required:
            raise BadRequest("IDEMPOTENCY_KEY_REQUIRED", "this command needs the header Idempotency-Key")
        return None
    if not FORM.match(key):
        raise BadRequest("IDEMPOTENCY_KEY_MALFORMED", "1 to 255 visible ASCII signs")
    body = hashlib.sha256(await request.body()).digest()
    return CommandKey(principal_id, request.method, request.url.path, key, body)


async def sweep_answers(session: AsyncSession, now: datetime) -> int:
    """Forget answers older than 48 hours; returns how many."""
    gone = await session.execute(delete(idempotency).where(idempotency.c.created_at < now - KEPT))
    return int(getattr(gone, "rowcount", 0))
