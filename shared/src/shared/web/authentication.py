"""Who calls: the internal token that the gateway mints for exactly this service."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.records.principal import Grant, Principal
from shared.values.errors import Unauthenticated, Unavailable

ISSUER = "gateway"
TOKEN_TYPE = "int+jwt"  # noqa: S105
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti"]
CACHED = 10_000
JWKS_PAUSE_S = 5.0


class KeySource(Protocol):
    """Where the gateway's public keys come from."""

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """The key of that id, or None."""


class StaticKeys:
    """Keys known from the start: the one-process suite and tests."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = keys

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """The key of that id, or None."""
        return self._keys.get(kid)


class JwksKeys:
    """Keys read from the gateway over HTTP; an unknown id causes a new read, at most every five seconds."""

    def __init__(self, url: str) -> None:
        self._url, self._keys, self._read_at = url, dict[str, Ed25519PublicKey](), float("-inf")

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """The key of that id, or None. Errors: 503 when the gateway does not answer and the key is not known yet."""
        if kid not in self._keys and time.monotonic() - self._read_at > JWKS_PAUSE_S:
            self._read_at = time.monotonic()
            self._keys = await self._read()
        return self._keys.get(kid)

    async def _read(self) -> dict[str, Ed25519PublicKey]:
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable("KEYS_UNAVAILABLE", "the gateway's keys cannot be read", retry_after=2) from error
        found = jwt.PyJWKSet.from_dict(answer.json()).keys
        return {str(key.key_id): key.key for key in found if isinstance(key.key, Ed25519PublicKey)}


class TokenVerifier:
    """Checks internal tokens and remembers them (bounded) until they expire; token times are real time."""

    def __init__(self, keys: KeySource, audience: str) -> None:
        self._keys, self._audience = keys, audience
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()

    async def principal(self, authorization: str | None) -> Principal:
        """The caller. Errors: 401 `TOKEN_MISSING`, `TOKEN_INVALID`."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("TOKEN_MISSING", "this needs a bearer token")
        known = self._known.get(token)
        if known is None:
            known = await self._verified(token)
            self._known[token] = known
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        expires_at, principal = known
        if expires_at <= time.time():
            self._known.pop(token, None)
            raise Unauthenticated("TOKEN_INVALID", "the token has expired")
        return principal

    async def _verified(self, token: str) -> tuple[float, Principal]:
        try:
            header = jwt.get_unverified_header(token)
            key = await self._keys.key(str(header.get("kid")))
            if header.get("typ") != TOKEN_TYPE or key is None:
                raise Unauthenticated("TOKEN_INVALID", "not an internal token of this suite")
            options: Any = {"require": REQUIRED}
            claims = jwt.decode(token, key, ["EdDSA"], options, audience=self._audience, issuer=ISSUER)
            return float(claims["exp"]), principal_of(claims)
        except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
            raise Unauthenticated("TOKEN_INVALID", "the token does not hold") from error


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """The caller as the claims tell. Errors: `KeyError`, `ValueError` when a claim is missing or malformed."""
    roles = frozenset(claims["roles"])
    own = tuple(Grant(permission, scope, roles=roles) for permission, scope in claims["perms"].items())
    lent = tuple(_lent(grant) for grant in claims.get("dlg", ()))
    unit = claims.get("unit")
    return Principal(UUID(claims["sub"]), str(claims["name"]), roles, UUID(unit) if unit else None, own + lent)


def _lent(grant: Mapping[str, Any]) -> Grant:
    return Grant(
        grant["permission"],
        grant["scope"],
        UUID(grant["on_behalf_of"]),
        datetime.fromtimestamp(grant["nbf"], UTC),
        datetime.fromtimestamp(grant["exp"], UTC),
        frozenset(grant.get("roles", ())),
    )


def claims_of(principal: Principal) -> dict[str, Any]:
    """The claims that tell a service who calls; the inverse of `principal_of`."""
    own = {grant.permission: grant.scope for grant in principal.grants if grant.on_behalf_of is None}
    lent = [_lent_claim(grant) for grant in principal.grants if grant.on_behalf_of is not None]
    unit = str(principal.org_unit_id) if principal.org_unit_id else None
    return {
        "sub": str(principal.id),
        "name": principal.name,
        "roles": sorted(principal.roles),
        "unit": unit,
        "perms": own,
        "dlg": lent,
    }


def _lent_claim(grant: Grant) -> dict[str, Any]:
    assert grant.not_before is not None
    assert grant.expires_at is not None
    return {
        "permission": grant.permission,
        "scope": grant.scope,
        "on_behalf_of": str(grant.on_behalf_of),
        "nbf": grant.not_before.timestamp(),
        "exp": grant.expires_at.timestamp(),
        "roles": sorted(grant.roles),
    }
