"""CloudEvents 1.0 in Kafka binary mode: the headers around a fact, encoded once when it is written."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.event import REGISTRY, Fact
from shared.messaging.ports import Headers, IncomingRecord
from shared.records.work import Work

SCHEMA_BASE = "https://schemas.suite.example/events/"
PAIR, UNIT = b"\x1e", b"\x1f"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who says what of which aggregate, as its which event, caused by what."""

    id: UUID
    type: str
    source: str
    time: datetime
    aggregate_type: str
    aggregate_id: UUID
    aggregate_seq: int
    correlation_id: str
    causation_id: str | None
    actor: str
    depth: int
    org_unit: str | None
    owner: str | None
    traceparent: str | None
    broadcast: bool
    topic: str
    partition: int
    offset: int
    key: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the writer knows about one event beyond the fact itself; without `seq` the statement that stores it appends it."""

    event_id: UUID
    aggregate_id: UUID
    seq: int | None
    owner_id: UUID | None = None
    broadcast: bool = False


def encode_headers(work: Work, fact: Fact, stamp: Stamp) -> bytes:
    """All headers as one byte string, ready for the outbox row; the sequence number is the last of them."""
    org_unit = getattr(fact, "org_unit_id", None)
    values = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(stamp.event_id),
        "ce_source": f"/{fact.type.partition('.')[0]}-service",
        "ce_type": fact.type,
        "ce_subject": f"{fact.aggregate}/{stamp.aggregate_id}",
        "ce_time": work.now.isoformat(),
        "ce_dataschema": f"{SCHEMA_BASE}{fact.type}.json",
        "ce_aggtype": fact.aggregate,
        "ce_aggid": str(stamp.aggregate_id),
        "ce_correlationid": work.trace.correlation_id,
        "ce_causationid": work.trace.causation_id,
        "ce_actor": str(work.actor.id),
        "ce_depth": str(work.trace.depth),
        "ce_orgunit": str(org_unit) if org_unit else None,
        "ce_owner": str(stamp.owner_id) if stamp.owner_id else None,
        "ce_dataclass": "business",
        "ce_broadcast": "true" if stamp.broadcast else None,
        "traceparent": work.trace.traceparent,
        "ce_aggseq": "" if stamp.seq is None else str(stamp.seq),
    }
    return pack_headers([(name, value.encode()) for name, value in values.items() if value is not None])


def pack_headers(headers: Headers) -> bytes:
    """Headers as one byte string."""
    return PAIR.join(name.encode() + UNIT + value for name, value in headers)


def unpack_headers(packed: bytes) -> Headers:
    """The headers as the bus takes them."""
    pairs = (pair.split(UNIT, 1) for pair in packed.split(PAIR) if pair)
    return [(name.decode(), value) for name, value in pairs]


def read_envelope(record: IncomingRecord) -> Envelope:
    """The envelope of a record. Errors: `KeyError`, `ValueError` when a header is missing or malformed."""
    text = {name: value.decode() for name, value in record.headers.items()}
    return Envelope(
        id=UUID(text["ce_id"]),
        type=text["ce_type"],
        source=text["ce_source"],
        time=datetime.fromisoformat(text["ce_time"]),
        aggregate_type=text["ce_aggtype"],
        aggregate_id=UUID(text["ce_aggid"]),
        aggregate_seq=int(text["ce_aggseq"]),
        correlation_id=text["ce_correlationid"],
        causation_id=text.get("ce_causationid"),
        actor=text["ce_actor"],
        depth=int(text.get("ce_depth", "0")),
        org_unit=text.get("ce_orgunit"),
        owner=text.get("ce_owner"),
        traceparent=text.get("traceparent"),
        broadcast=text.get("ce_broadcast") == "true",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
    )


def read_fact(record: IncomingRecord) -> Fact | None:
    """The fact inside, or None for a type that we do not know (its sequence still counts). Errors: `ValueError`."""
    model = REGISTRY.get(record.headers["ce_type"].decode())
    return None if model is None else model.model_validate_json(record.value or b"")
