"""The published documents: AsyncAPI 3 with a JSON Schema per event, and a catalogue that people read."""

from typing import Any

from shared.contracts.event import REGISTRY, Fact

HEADERS = (
    "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataschema", "ce_aggtype", "ce_aggid",
    "ce_aggseq", "ce_correlationid", "ce_actor", "ce_depth", "ce_dataclass",
)  # fmt: skip


def schema_of(model: type[Fact]) -> dict[str, Any]:
    """The JSON Schema of an event's value, with the names of the wire."""
    return model.model_json_schema(by_alias=True, mode="serialization")


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel per topic, a message and a send operation per event."""
    models = [REGISTRY[name] for name in sorted(REGISTRY)]
    topics = sorted({model.topic() for model in models})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Events of the suite", "version": "1", "description": "CloudEvents 1.0, Kafka binary mode"},
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, [model for model in models if model.topic() == topic]) for topic in topics},
        "operations": {_name(model): _operation(model) for model in models},
        "components": {"messages": {model.type: _message(model) for model in models}},
    }


def catalogue() -> str:
    """Every event with its aggregate, its readers and its fields."""
    lines = ["# Events", "", "Written by `make fix` from the models in `shared/src/shared/contracts`.", ""]
    for name in sorted(REGISTRY):
        model = REGISTRY[name]
        fields = ", ".join(f"`{field}`" for field in schema_of(model)["properties"])
        readers = ", ".join(model.consumers) or "outside subscribers"
        lines += [
            f"## `{name}`",
            "",
            (model.__doc__ or "").strip(),
            "",
            f"Aggregate `{model.aggregate}` · read by {readers} · {fields}",
            "",
        ]
    return "\n".join(lines)


def _channel(topic: str, models: list[type[Fact]]) -> dict[str, Any]:
    messages = {model.type: {"$ref": f"#/components/messages/{model.type}"} for model in models}
    bindings = {"kafka": {"topic": topic, "partitions": 12, "topicConfiguration": {"retention.ms": -1}}}
    return {"address": topic, "messages": messages, "bindings": bindings}


def _operation(model: type[Fact]) -> dict[str, Any]:
    channel = f"#/channels/{model.topic()}"
    return {"action": "send", "channel": {"$ref": channel}, "messages": [{"$ref": f"{channel}/messages/{model.type}"}]}


def _message(model: type[Fact]) -> dict[str, Any]:
    headers = {"type": "object", "required": list(HEADERS), "properties": {name: {"type": "string"} for name in HEADERS}}
    return {
        "name": model.type,
        "summary": (model.__doc__ or "").strip(),
        "headers": headers,
        "payload": schema_of(model),
        "x-aggregate": model.aggregate,
        "x-consumers": list(model.consumers),
    }


def _name(model: type[Fact]) -> str:
    return "send." + model.type
