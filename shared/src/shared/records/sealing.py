"""Personal values at rest and on the wire: sealed under a data key per customer, opened when they are read (G-10)."""

import base64
import hmac
import os
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.records.tables import customer_key

PREFIX = "v1."
NONCE_BYTES = 12
KEY_BYTES = 32


class KeyRing:
    """The suite's key-encryption key (32 bytes), from which the index key is derived."""

    def __init__(self, key_encryption_key: bytes) -> None:
        if len(key_encryption_key) != KEY_BYTES:
            raise ValueError("the key-encryption key has 32 bytes")
        self._wrapping = AESGCM(key_encryption_key)
        self._index_key = hmac.digest(key_encryption_key, b"blind-index", sha256)

    def new_wrapped_key(self, customer_id: UUID) -> bytes:
        """A fresh data key, wrapped for this customer."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, os.urandom(KEY_BYTES), customer_id.bytes)

    def unwrapped(self, customer_id: UUID, wrapped: bytes) -> AESGCM:
        """The data key as a cipher."""
        return AESGCM(self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], customer_id.bytes))

    def blind_index(self, kind: str, value: str) -> bytes:
        """A keyed hash for equality search: `kind` keeps phones and names apart; the value is normalised by the caller."""
        return hmac.digest(self._index_key, f"{kind}\0{value}".encode(), sha256)


class CustomerSeal:
    """Seals and opens the values of one customer."""

    def __init__(self, customer_id: UUID, cipher: AESGCM | None) -> None:
        self._context, self._cipher = customer_id.bytes, cipher

    def seal(self, value: str) -> str:
        """`v1.…`. Errors: `KeyError` when the customer was erased."""
        if self._cipher is None:
            raise KeyError("the customer's key is gone")
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, value.encode(), self._context)
        return PREFIX + base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, sealed: str | None) -> str | None:
        """The value, or None when it was empty or its key is not (or no longer) here."""
        if sealed is None or self._cipher is None or not sealed.startswith(PREFIX):
            return None
        raw = base64.urlsafe_b64decode(sealed[len(PREFIX) :] + "=" * (-len(sealed[len(PREFIX) :]) % 4))
        try:
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._context).decode()
        except InvalidTag:
            return None


async def make_customer_key(session: AsyncSession, ring: KeyRing, customer_id: UUID) -> bytes:
    """Store a new data key for a new customer; returns it wrapped, as it travels in `credit.keys`."""
    wrapped = ring.new_wrapped_key(customer_id)
    await keep_customer_key(session, customer_id, wrapped)
    return wrapped


async def keep_customer_key(session: AsyncSession, customer_id: UUID, wrapped: bytes | None) -> None:
    """Keep the wrapped key that arrived; None (a tombstone) erases it."""
    row = {"customer_id": customer_id, "wrapped": wrapped}
    kept = insert(customer_key).values(row).on_conflict_do_update(index_elements=["customer_id"], set_=row)
    await session.execute(kept)


async def seal_of(session: AsyncSession, ring: KeyRing, customer_id: UUID) -> CustomerSeal:
    """The seal of one customer; without a key it opens nothing."""
    return (await seals_of(session, ring, [customer_id]))[customer_id]


async def seals_of(session: AsyncSession, ring: KeyRing, customer_ids: list[UUID]) -> dict[UUID, CustomerSeal]:
    """The seals of many customers, in one read."""
    rows = await session.execute(select(customer_key).where(customer_key.c.customer_id.in_(customer_ids)))
    wrapped = {row.customer_id: row.wrapped for row in rows if row.wrapped}
    return {
        customer_id: CustomerSeal(
            customer_id, ring.unwrapped(customer_id, wrapped[customer_id]) if customer_id in wrapped else None
        )
        for customer_id in customer_ids
    }
