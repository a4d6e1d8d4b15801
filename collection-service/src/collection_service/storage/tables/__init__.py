"""The tables of this service, by what they hold."""

from collection_service.storage.tables.cases import collection_case, pause, promise
from collection_service.storage.tables.contacts import attempt, decision
from collection_service.storage.tables.copies import allocation, contact_point, customer, item, partition_close, person
from collection_service.storage.tables.metadata import METADATA

__all__ = [
    "METADATA",
    "allocation",
    "attempt",
    "collection_case",
    "contact_point",
    "customer",
    "decision",
    "item",
    "partition_close",
    "pause",
    "person",
    "promise",
]
