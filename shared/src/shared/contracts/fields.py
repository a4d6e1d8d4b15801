"""Kinds of values that events carry."""

from typing import Annotated, Any

from pydantic import Field

Fen = Annotated[int, Field(description="an amount in fen (分)")]
Sealed = Annotated[str, Field(description="a personal value, sealed under the customer's data key (`v1.…`)")]
Shared200 = Field(max_length=200)


def on_wire(name: str) -> Any:
    """A field whose wire name is a word that Python or the model keeps for itself (`type`, `class`, `from`)."""
    return Field(validation_alias=name, serialization_alias=name)
