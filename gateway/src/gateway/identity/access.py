"""From an outside token or API key to an identity, and from there to an internal token; both cached, both revocable at once."""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from shared.clock import Clock
from shared.database.engine import Database
from shared.records.principal import Principal
from shared.values.errors import Unauthenticated

from gateway.identity.keys import SigningKeys
from gateway.identity.tokens import Session, mint_internal, read_access
from gateway.storage.people import identity_of_key, identity_of_user

API_KEY_PREFIX = "sk_"
SNAPSHOT_S = 5.0
CACHED = 10_000
RENEW_BEFORE_S = 15.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls. `expires_at` (real time) is the outside token's end, None for an API key."""

    principal: Principal
    expires_at: float | None

    def may(self, permissions: tuple[str, ...], clock: Clock) -> bool:
        """Whether any of the permissions is held now."""
        return any(self.principal.grant(permission, clock.now()) for permission in permissions)


class Access:
    """The port between proxy and identity."""

    def __init__(self, database: Database, keys: SigningKeys, clock: Clock) -> None:
        self._database, self.keys, self.clock = database, keys, clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._snapshots: dict[str, tuple[float, Identity]] = {}
        self._internal: OrderedDict[tuple[UUID, str, int], tuple[str, float]] = OrderedDict()

    async def authenticate(self, authorization: str | None) -> Identity | None:
        """None without credentials. Errors: 401 `TOKEN_INVALID`, `KEY_INVALID`, `SIGNED_OUT`."""
        scheme, _, secret = (authorization or "").partition(" ")
        if not secret:
            return None
        if scheme.lower() != "bearer":
            raise Unauthenticated("TOKEN_INVALID", "only bearer tokens and API keys")
        known = self._snapshots.get(secret)
        if known is not None and known[0] > time.monotonic():
            identity = known[1]
        else:
            identity = await self._looked_up(secret)
            self._remember(secret, identity)
        if identity.expires_at is not None and identity.expires_at <= time.time():
            raise Unauthenticated("TOKEN_INVALID", "the token has expired")
        return identity

    def internal_token(self, identity: Identity, audience: str) -> str:
        """A token for one service, minted anew before it ends."""
        key = (identity.principal.id, audience, id(identity))
        known = self._internal.get(key)
        if known is None or known[1] - RENEW_BEFORE_S < time.time():
            known = mint_internal(self.keys, identity.principal, audience, identity.expires_at)
            self._internal[key] = known
            if len(self._internal) > CACHED:
                self._internal.popitem(last=False)
        return known[0]

    def forget(self) -> None:
        """Rights changed or somebody signed out: everybody is looked up again."""
        self._snapshots.clear()
        self._internal.clear()

    async def _looked_up(self, secret: str) -> Identity:
        async with self._database.transaction() as session:
            if secret.startswith(API_KEY_PREFIX):
                digest = hashlib.sha256(secret.encode()).digest()
                principal = await identity_of_key(session, digest, self.clock.now())
                if principal is None:
                    raise Unauthenticated("KEY_INVALID", "the API key is unknown, expired or revoked")
                return Identity(principal, None)
            signed_in = self._sessions.get(secret) or read_access(self.keys, secret)
            principal = await identity_of_user(session, signed_in.user_id, signed_in.session_id)
        if principal is None:
            raise Unauthenticated("SIGNED_OUT", "signed out, or no longer active")
        self._sessions[secret] = signed_in
        if len(self._sessions) > CACHED:
            self._sessions.popitem(last=False)
        return Identity(principal, signed_in.expires_at)

    def _remember(self, secret: str, identity: Identity) -> None:
        if len(self._snapshots) > CACHED:
            self._snapshots.clear()
        self._snapshots[secret] = (time.monotonic() + SNAPSHOT_S, identity)
