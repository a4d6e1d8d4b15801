"""Tokens: outside ones live ten minutes, internal ones sixty seconds for exactly one service."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from shared.records.principal import Principal
from shared.values.errors import Unauthenticated
from shared.values.ids import new_id
from shared.web.authentication import ISSUER, TOKEN_TYPE, claims_of

from gateway.identity.keys import SigningKeys

ACCESS_S = 600
INTERNAL_S = 60
ACCESS_TYPE = "at+jwt"
AUDIENCE = "suite"
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "sid"]


@dataclass(frozen=True, slots=True)
class Session:
    """What an access token says: who, which sign-in, until when (real time)."""

    user_id: UUID
    session_id: UUID
    expires_at: float


def mint_access(keys: SigningKeys, user_id: UUID, session_id: UUID) -> str:
    """An access token (EdDSA, `typ=at+jwt`)."""
    now = int(time.time())
    claims = {
        "sub": str(user_id),
        "sid": str(session_id),
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + ACCESS_S,
    }
    return _signed(keys, ACCESS_TYPE, claims)


def read_access(keys: SigningKeys, token: str) -> Session:
    """Errors: 401 `TOKEN_INVALID` for every token that lacks a claim, has another type, algorithm or audience, or has expired."""
    try:
        header = jwt.get_unverified_header(token)
        key = keys.public.get(str(header.get("kid")))
        if header.get("typ") != ACCESS_TYPE or key is None:
            raise Unauthenticated("TOKEN_INVALID", "not an access token of this suite")
        options: Any = {"require": REQUIRED}
        claims = jwt.decode(token, key, ["EdDSA"], options, audience=AUDIENCE, issuer=ISSUER)
        return Session(UUID(claims["sub"]), UUID(claims["sid"]), float(claims["exp"]))
    except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
        raise Unauthenticated("TOKEN_INVALID", "the token does not hold") from error


def mint_internal(keys: SigningKeys, principal: Principal, audience: str, expires_at: float | None = None) -> tuple[str, float]:
    """A token for one service, and when it ends: in 60 s, or with the outside token."""
    now = int(time.time())
    end = min(now + INTERNAL_S, expires_at or now + INTERNAL_S)
    claims = claims_of(principal) | {"iss": ISSUER, "aud": audience, "iat": now, "exp": end}
    return _signed(keys, TOKEN_TYPE, claims), end


def _signed(keys: SigningKeys, kind: str, claims: Mapping[str, Any]) -> str:
    return jwt.encode({**claims, "jti": str(new_id())}, keys.private, "EdDSA", headers={"typ": kind, "kid": keys.kid})
