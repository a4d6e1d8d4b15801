"""Handles records inside a transaction: inbox, sequence, handler, offset — the one way an event becomes an effect."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.contracts.event import Fact
from shared.messaging import inbox
from shared.messaging.crash_points import reach
from shared.messaging.envelope import Envelope, read_envelope, read_fact
from shared.messaging.ports import KEY_TOPIC, IncomingRecord
from shared.records.work import Trace, Work

Handle = Callable[[Work, Any, Envelope], Awaitable[None]]
HandleKey = Callable[[Work, str, bytes | None], Awaitable[None]]


async def ignore_key(_work: Work, _key: str, _value: bytes | None) -> None:
    """For services that keep no personal data."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """What a service does with facts, and with the records of `credit.keys`."""

    fact: Handle
    key: HandleKey = ignore_key
    replaying: bool = False


async def handle_wave(session: AsyncSession, clock: Clock, handlers: Handlers, records: Sequence[IncomingRecord]) -> int:
    """Handle records of one partition in order; returns how many had an effect.

    Errors: `SequenceGap`, what a handler raises, `ValueError` and `KeyError` for what cannot be read.
    """
    if records[0].topic == KEY_TOPIC:
        return await _handle_keys(session, clock, handlers, records)
    envelopes = [read_envelope(record) for record in records]
    fresh = await inbox.take(session, envelopes, records[0].partition, clock.now())
    known = await inbox.positions_of(session, map(inbox.aggregate_of, envelopes))
    moved: dict[inbox.Aggregate, int] = {}
    for record, envelope in zip(records, envelopes, strict=True):
        if envelope.id not in fresh:
            continue
        fresh.discard(envelope.id)
        aggregate = inbox.aggregate_of(envelope)
        if not inbox.check_sequence(envelope, moved.get(aggregate, known.get(aggregate, 0))):
            continue
        await _handle_one(session, clock, handlers, envelope, read_fact(record))
        moved[aggregate] = envelope.aggregate_seq
    await inbox.keep_positions(session, moved)
    return len(moved)


async def count_only(session: AsyncSession, clock: Clock, record: IncomingRecord) -> None:
    """Let a record that was given up count as handled."""
    envelope = read_envelope(record)
    await inbox.take(session, [envelope], record.partition, clock.now())
    await inbox.keep_positions(session, {inbox.aggregate_of(envelope): envelope.aggregate_seq})


async def _handle_one(session: AsyncSession, clock: Clock, handlers: Handlers, envelope: Envelope, fact: Fact | None) -> None:
    if fact is None:
        return
    cause = Trace(envelope.correlation_id, None, envelope.depth, envelope.traceparent).caused_by(str(envelope.id))
    await handlers.fact(Work(session, clock.now(), trace=cause, replaying=handlers.replaying), fact, envelope)
    reach("consumer.after_handle")


async def _handle_keys(session: AsyncSession, clock: Clock, handlers: Handlers, records: Sequence[IncomingRecord]) -> int:
    for record in records:
        await handlers.key(Work(session, clock.now(), replaying=handlers.replaying), record.key, record.value)
    return len(records)
