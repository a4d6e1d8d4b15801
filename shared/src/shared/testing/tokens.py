"""Internal tokens for tests: a key pair, and principals with just the permissions a test gives them."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.records.principal import Grant, Principal, Scope
from shared.values.ids import new_id
from shared.web.authentication import ISSUER, TOKEN_TYPE, StaticKeys, claims_of

KID = "test"


class TokenMint:
    """Mints tokens that the services of one test accept."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        self.keys = StaticKeys({KID: self._private.public_key()})

    def token(self, principal: Principal, audience: str, **changes: Any) -> str:
        """A token; `changes` replace claims (None removes one) so that a test can break it."""
        now = int(time.time())
        claims = claims_of(principal) | {
            "iss": ISSUER,
            "aud": audience,
            "iat": now,
            "exp": now + 60,
            "jti": str(new_id()),
        }
        header = {"typ": changes.pop("typ", TOKEN_TYPE), "kid": changes.pop("kid", KID)}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(claims, self._private, "EdDSA", headers=header)

    def headers(self, principal: Principal, audience: str, **more: str) -> dict[str, str]:
        """Request headers of a principal; a keyword `idempotency_key` becomes `Idempotency-Key`."""
        extra = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.token(principal, audience)}"} | extra


def somebody(
    permissions: Mapping[str, Scope],
    *,
    unit: UUID | None = None,
    roles: tuple[str, ...] = (),
    id: UUID | None = None,
) -> Principal:
    """A principal with these permissions and scopes."""
    grants = tuple(Grant(name, scope, roles=frozenset(roles)) for name, scope in permissions.items())
    return Principal(id or new_id(), "somebody", frozenset(roles), unit, grants)
