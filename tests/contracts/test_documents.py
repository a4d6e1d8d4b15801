"""G-03, G-23: what is published is described, stays compatible, and every sample reads back as it was written."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from shared.contracts import REGISTRY
from shared.contracts.documents import asyncapi, catalogue, schema_of
from shared.messaging.envelope import Stamp, encode_headers, read_envelope, read_fact, unpack_headers
from shared.messaging.outbox import payload_of
from shared.messaging.ports import IncomingRecord
from shared.records.work import Trace, Work

from tests.contracts.samples import AT, ID, SAMPLES
from tests.support.documents import documents
from tests.support.rules import ROOT

RELEASED = ROOT / "docs" / "schemas"


def test_generated_documents_are_in_step() -> None:
    """G-23: `make fix` writes them."""
    assert [str(path) for path, text in documents().items() if not path.exists() or path.read_text() != text] == []


def test_every_event_stands_in_the_catalogue_and_the_reverse() -> None:
    """G-23: AsyncAPI, the page for people, and the models name the same events."""
    document, page = asyncapi(), catalogue()
    assert set(document["components"]["messages"]) == set(REGISTRY)
    assert all(f"## `{name}`" in page for name in REGISTRY)
    assert all(name.split(".")[0] + ".events" in document["channels"] for name in REGISTRY)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_sample_of_every_event_holds_both_sides(name: str) -> None:
    """G-03: the golden value validates against its schema, is read into the model, and is written back unchanged."""
    sample, model = SAMPLES[name], REGISTRY[name]
    jsonschema.validate(sample, schema_of(model), format_checker=jsonschema.FormatChecker())
    fact = model.model_validate(sample)
    assert json.loads(payload_of(fact)) == sample
    work = Work(None, AT, trace=Trace("correlation", None, 2, "00-" + "1" * 32 + "-" + "2" * 16 + "-01"))  # type: ignore[arg-type]
    headers = dict(unpack_headers(encode_headers(work, fact, Stamp(ID, ID, 7, ID))))
    record = IncomingRecord(model.topic(), 3, 4, "key", payload_of(fact), headers)
    envelope = read_envelope(record)
    assert (envelope.type, envelope.aggregate_type, envelope.aggregate_seq, envelope.depth) == (name, model.aggregate, 7, 2)
    assert read_fact(record) == fact


def test_readers_survive_an_added_field() -> None:
    """G-03: unknown fields are ignored."""
    name = "credit.day.closed.v1"
    assert REGISTRY[name].model_validate(SAMPLES[name] | {"added_later": 1})


@pytest.mark.parametrize("path", sorted(RELEASED.glob("*.json")), ids=lambda path: path.stem)
def test_only_optional_fields_are_ever_added(path: Path) -> None:
    """G-03: against every released schema."""
    assert path.stem in REGISTRY, "a released event is never taken away"
    assert broken(json.loads(path.read_text()), schema_of(REGISTRY[path.stem])) == []


@pytest.mark.parametrize(
    "change",
    [lambda new: new["properties"].pop("as_of"), lambda new: new["required"].append("more"),
     lambda new: new["properties"].update(as_of={"type": "integer", "title": "As Of"})],
)  # fmt: skip
def test_a_planted_break_is_noticed(change: Any) -> None:
    """G-03: a field taken away, a new one demanded, a type changed."""
    old, new = (json.loads((RELEASED / "credit.day.closed.v1.json").read_text()) for _ in range(2))
    change(new)
    assert broken(old, new) != []


def broken(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What a reader of the old schema would trip over."""
    complaints = [f"{field} is gone" for field in old["properties"] if field not in new["properties"]]
    complaints += [f"{field} is demanded" for field in new.get("required", []) if field not in old.get("required", [])]
    same = (field for field in old["properties"] if field in new["properties"])
    return complaints + [f"{field} has another type" for field in same if old["properties"][field] != new["properties"][field]]
