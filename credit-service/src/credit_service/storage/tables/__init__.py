"""The tables of this service, by aggregate."""

from credit_service.storage.tables.account import account
from credit_service.storage.tables.file import contact_person, contract, customer
from credit_service.storage.tables.ledger import allocation, earmark, journal, payment, posting, receivable
from credit_service.storage.tables.lines import application, line
from credit_service.storage.tables.metadata import METADATA
from credit_service.storage.tables.orders import decision, hold, override, release
from credit_service.storage.tables.records import day_close, proposal, violation

__all__ = [
    "METADATA",
    "account",
    "allocation",
    "application",
    "contact_person",
    "contract",
    "customer",
    "day_close",
    "decision",
    "earmark",
    "hold",
    "journal",
    "line",
    "override",
    "payment",
    "posting",
    "proposal",
    "receivable",
    "release",
    "violation",
]
