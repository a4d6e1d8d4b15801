"""What request bodies are made of: unknown properties refused, whole fen, plausible dates, text that can be stored."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("text must not contain NUL")
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError("text must not contain lone surrogates")
    return value


class Body(BaseModel):
    """A request body: an unknown property is a mistake of the caller's (422)."""

    model_config = ConfigDict(extra="forbid")


Fen = Annotated[int, Field(strict=True, ge=0, le=10**14, description="an amount in fen (分)", examples=[12000000])]
PositiveFen = Annotated[int, Field(strict=True, gt=0, le=10**14, description="an amount in fen (分)", examples=[12000000])]
Days = Annotated[int, Field(strict=True, ge=0, le=3660)]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$"), AfterValidator(_storable)]
Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_storable)]
Paragraph = Annotated[str, Field(max_length=5000), AfterValidator(_storable)]
Day = Annotated[date, Field(ge=date(1992, 1, 1), le=date(2100, 12, 31), examples=["2026-03-03"])]
Moment = Annotated[datetime, Field(description="an instant with its offset", examples=["2026-03-03T10:00:00+08:00"])]


def shown(model: BaseModel) -> dict[str, Any]:
    """A body as plain JSON values, for content hashes and audit rows."""
    return model.model_dump(mode="json")
