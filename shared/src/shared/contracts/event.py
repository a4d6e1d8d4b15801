"""What an event is: a frozen fact with a wire name, an aggregate and a registry of all of them."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

REGISTRY: dict[str, type["Fact"]] = {}


class Fact(BaseModel):
    """A row marked † in the catalogue: no customer, no org unit. Unknown fields are ignored: readers outlive additions."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    type: ClassVar[str]
    aggregate: ClassVar[str]
    consumers: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, *, type: str = "", aggregate: str = "", consumers: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not type:
            return
        cls.type, cls.aggregate, cls.consumers = type, aggregate, tuple(consumers.split())
        if REGISTRY.setdefault(type, cls) is not cls:
            raise TypeError(f"two models claim the event {type}")

    @classmethod
    def topic(cls) -> str:
        """`credit.events` for `credit.line.approved.v1`."""
        return cls.type.partition(".")[0] + ".events"


class Event(Fact):
    """A fact about something of an org unit, and of a customer as far as known."""

    org_unit_id: UUID
    customer_id: UUID | None
