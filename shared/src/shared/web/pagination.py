"""Lists: a keyset cursor that nobody can forge, and a limit of at most 200."""

import base64
import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select

from shared.values.errors import Invalid
from shared.web.runtime import runtime_of

LARGEST = 200
TAG_BYTES = 16


class Page(BaseModel):
    """One page; `next` is the cursor of the following one, null at the end."""

    items: list[Any]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Where to go on, and how many rows at most."""

    limit: int
    after: str | None
    key: bytes

    def apply(self, statement: Select[Any], column: ColumnElement[Any], *, newest_first: bool = False) -> Select[Any]:
        """Order by a unique column and go on behind the cursor; one row more tells whether there is another page."""
        if self.after is not None:
            statement = statement.where(column < self.after if newest_first else column > self.after)
        return statement.order_by(column.desc() if newest_first else column).limit(self.limit + 1)

    def page(self, rows: list[dict[str, Any]], field: str = "id") -> dict[str, Any]:
        """The answer: at most `limit` rows and the cursor behind the last of them."""
        more = len(rows) > self.limit
        items = rows[: self.limit]
        return {"items": items, "next": sign(self.key, str(items[-1][field])) if more else None}


def sign(key: bytes, position: str) -> str:
    """A cursor for a position."""
    payload = json.dumps(position).encode()
    tag = hmac.digest(key, b"cursor" + payload, sha256)[:TAG_BYTES]
    return base64.urlsafe_b64encode(tag + payload).decode().rstrip("=")


def read(key: bytes, cursor: str) -> str:
    """The position inside a cursor. Errors: 422 `CURSOR_INVALID`."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Invalid("CURSOR_INVALID", "this cursor was not given out here") from None
    tag, payload = raw[:TAG_BYTES], raw[TAG_BYTES:]
    if not hmac.compare_digest(tag, hmac.digest(key, b"cursor" + payload, sha256)[:TAG_BYTES]):
        raise Invalid("CURSOR_INVALID", "this cursor was not given out here")
    return str(json.loads(payload))


def page_query(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LARGEST, description="rows per page")] = 50,
    cursor: Annotated[str | None, Query(max_length=300, description="`next` of the page before")] = None,
) -> PageQuery:
    """The query parameters of every list. Errors: 422."""
    key = runtime_of(request).ring.blind_index("cursor", request.url.path)
    return PageQuery(limit, read(key, cursor) if cursor else None, key)
