"""Signing keys: Ed25519, sealed in the database, two alive at a time, published as JWKS."""

import base64
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from shared.database.engine import Database
from shared.values.ids import new_id
from shared.web.authentication import StaticKeys
from sqlalchemy import insert, select

from gateway.storage.tables.identity import signing_key

ROTATED_AFTER = timedelta(days=30)
NONCE = 12
ALIVE = 2


@dataclass(frozen=True)
class SigningKeys:
    """`kid` and `private` sign; `public` holds all that still verify."""

    kid: str
    private: Ed25519PrivateKey
    public: dict[str, Ed25519PublicKey]

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        return {"keys": [_jwk(kid, key) for kid, key in self.public.items()]}

    def source(self) -> StaticKeys:
        """The same for services in this process."""
        return StaticKeys(self.public)


async def load_signing_keys(database: Database, key_encryption_key: bytes, now: Any) -> SigningKeys:
    """The newest keys; a first one, or a fresh one after 30 days, is made on the way."""
    cipher = AESGCM(key_encryption_key)
    async with database.transaction() as session:
        newest = select(signing_key).order_by(signing_key.c.created_at.desc()).limit(ALIVE)
        rows = list((await session.execute(newest)).all())
        if not rows or now - rows[0].created_at > ROTATED_AFTER:
            await session.execute(insert(signing_key).values(**_fresh(cipher), created_at=now))
            rows = list((await session.execute(newest)).all())
    keys = {row.kid: _open(cipher, row.kid, row.sealed) for row in rows}
    kid = rows[0].kid
    return SigningKeys(kid, keys[kid], {name: key.public_key() for name, key in keys.items()})


def _fresh(cipher: AESGCM) -> dict[str, Any]:
    kid, nonce = str(new_id()), os.urandom(NONCE)
    raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return {"kid": kid, "sealed": nonce + cipher.encrypt(nonce, raw, kid.encode())}


def _open(cipher: AESGCM, kid: str, sealed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(cipher.decrypt(sealed[:NONCE], sealed[NONCE:], kid.encode()))


def _jwk(kid: str, key: Ed25519PublicKey) -> dict[str, str]:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x}
