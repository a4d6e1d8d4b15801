"""The few kinds of refusal. Domain and use cases raise them; `shared.web.problems` turns them into answers.

A refusal that is *raised* rolls its transaction back. A refusal with consequences (an event, an audit row) is
*returned* as `Refused`, so that the transaction commits and only then the route answers 4xx.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class Refusal(Exception):
    """A command that will not be carried out: a stable UPPER_SNAKE `code`, a sentence, and facts for the caller."""

    status = 400

    def __init__(self, code: str, detail: str = "", *, errors: Sequence[dict[str, Any]] = (), **facts: Any) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.facts = facts


class BadRequest(Refusal):
    """The request cannot be read at all (400)."""


class Unauthenticated(Refusal):
    """No valid token (401)."""

    status = 401


class Forbidden(Refusal):
    """The caller lacks the permission, or may not act on an own request (403)."""

    status = 403


class Missing(Refusal):
    """There is no such object, or the caller may not see it (404)."""

    status = 404

    def __init__(self, code: str = "NOT_FOUND", detail: str = "", **facts: Any) -> None:
        super().__init__(code, detail, **facts)


class Conflict(Refusal):
    """The state of the object does not allow the command (409)."""

    status = 409


class Stale(Refusal):
    """`If-Match` names another version than the stored one (412)."""

    status = 412


class Invalid(Refusal):
    """A value breaks a rule (422)."""

    status = 422


class PreconditionRequired(Refusal):
    """`If-Match` is missing (428)."""

    status = 428


class TooMany(Refusal):
    """A rate limit is used up (429); `retry_after` seconds."""

    status = 429


class Unavailable(Refusal):
    """Something we depend on is away (503); `retry_after` seconds."""

    status = 503


@dataclass(frozen=True, slots=True)
class Refused:
    """The result of a use case that refuses *and* leaves a trace: the caller commits, then answers `refusal`."""

    refusal: Refusal
