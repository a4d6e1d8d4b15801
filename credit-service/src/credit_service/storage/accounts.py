"""The account row: read, locked, moved; what is done to it is announced under its lock."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar
from uuid import UUID

from shared.contracts.event import Event
from shared.messaging.outbox import publish
from shared.records.scope import visible
from shared.records.work import Work
from shared.values.errors import Missing
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from credit_service.domain.account import Account
from credit_service.storage.tables.account import ACCOUNT, account
from credit_service.storage.tables.file import customer

COLUMNS = [account.c[field.name] for field in fields(Account)]
Fact = TypeVar("Fact", bound=Event)


@dataclass(frozen=True, slots=True)
class Party:
    """Whose account it is: the bill-to customer, with what scope and events need."""

    customer_id: UUID
    number: str
    org_unit_id: UUID
    owner_id: UUID


async def open_account(session: AsyncSession, customer_id: UUID) -> None:
    """A new customer's account: limit 0, gate PREPAY."""
    await session.execute(insert(account).values(customer_id=customer_id))


async def bill_to(work: Work, customer_id: UUID) -> Party:
    """The party that pays for a customer. Errors: 404 when either lies outside the caller's scope."""
    asked = select(customer.c.bill_to_id).where(customer.c.id == customer_id)
    asked = asked.where(visible(work, customer.c.owner_id, customer.c.org_unit_id))
    columns = (customer.c.id, customer.c.number, customer.c.org_unit_id, customer.c.owner_id)
    row = (await work.session.execute(select(*columns).where(customer.c.id == asked.scalar_subquery()))).first()
    if row is None:
        raise Missing
    return Party(*row)


async def read_account(session: AsyncSession, customer_id: UUID) -> Account:
    """The account as it stands. Errors: 404."""
    row = (await session.execute(select(*COLUMNS).where(account.c.customer_id == customer_id))).first()
    if row is None:
        raise Missing
    return _account(row)


class LockedAccount:
    """An account whose row this transaction holds; `state` follows every move."""

    def __init__(self, work: Work, party: Party, state: Account) -> None:
        self.work, self.party, self.state = work, party, state
        self.facts: list[Event] = []
        self.before = state

    async def move(self, **deltas: int) -> Account:
        """Add to the amounts (fen). Errors: a column that would go below zero is refused by the database."""
        values = {name: account.c[name] + delta for name, delta in deltas.items() if delta}
        return await self._set(values) if values else self.state

    async def put(self, **values: Any) -> Account:
        """Replace gate columns or the limit."""
        changed = {name: value for name, value in values.items() if getattr(self.state, name) != value}
        return await self._set(changed) if changed else self.state

    def fact(self, model: type[Fact], **values: Any) -> Fact:
        """A fact about this account, to be announced when the command ends, in this order."""
        made = model(org_unit_id=self.party.org_unit_id, customer_id=self.party.customer_id, **values)
        self.facts.append(made)
        return made

    async def announce(self) -> None:
        """Publish what was told, in order, with contiguous sequence numbers."""
        facts, self.facts = self.facts, []
        await publish(self.work, ACCOUNT, self.party.customer_id, *facts, owner_id=self.party.owner_id)

    async def _set(self, values: dict[str, Any]) -> Account:
        changed = update(account).where(account.c.customer_id == self.party.customer_id).values(values)
        self.state = _account((await self.work.session.execute(changed.returning(*COLUMNS))).one())
        return self.state


async def lock_account(work: Work, party: Party) -> LockedAccount:
    """Lock the row: whoever waits here sees what the one before him did."""
    locked = select(*COLUMNS).where(account.c.customer_id == party.customer_id).with_for_update()
    return LockedAccount(work, party, _account((await work.session.execute(locked)).one()))


async def lock_account_of(work: Work, customer_id: UUID) -> LockedAccount:
    """Lock the account of a customer's bill-to party. Errors: 404 outside the caller's scope."""
    return await lock_account(work, await bill_to(work, customer_id))


def _account(row: Row[Any]) -> Account:
    return Account(*row)
