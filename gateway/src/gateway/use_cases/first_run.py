"""The first run: a one-time token makes the first administrator; there is no default password."""

import hashlib
import secrets
from collections.abc import Mapping
from uuid import UUID

from shared.records.work import Work
from shared.values.errors import Missing
from sqlalchemy import insert, select, update

from gateway.storage.tables.identity import setup, user
from gateway.use_cases.manage_units import create_unit
from gateway.use_cases.manage_users import NewUser, create_key, create_user

THE_SETUP = 1
DEMO_PEOPLE: Mapping[str, str] = {
    "admin": "system_admin",
    "market": "market_manager",
    "sales_vp": "sales_vp",
    "finance": "finance_head",
    "finance_vp": "finance_vp",
    "gm": "general_manager",
    "accountant": "accountant",
    "collector": "collector",
    "collect_mgr": "collection_manager",
    "subscriber": "event_subscriber",
}


async def setup_token(work: Work) -> str | None:
    """A fresh setup token while nobody has been set up, else None; an older one stops working."""
    row = (await work.session.execute(select(setup).where(setup.c.id == THE_SETUP).with_for_update())).first()
    if row is not None and row.done_at is not None:
        return None
    token = secrets.token_urlsafe(24)
    digest = hashlib.sha256(token.encode()).digest()
    if row is None:
        await work.session.execute(insert(setup).values(id=THE_SETUP, token_sha256=digest))
    else:
        await work.session.execute(update(setup).where(setup.c.id == THE_SETUP).values(token_sha256=digest))
    return token


async def complete_setup(work: Work, token: str, login: str, password: str, display_name: str) -> UUID:
    """Make the first system_admin, once. Errors: 404 for a wrong token and ever after; 422 `PASSWORD_TOO_SHORT`."""
    row = (await work.session.execute(select(setup).where(setup.c.id == THE_SETUP).with_for_update())).first()
    given = hashlib.sha256(token.encode()).digest()
    if row is None or row.done_at is not None or not secrets.compare_digest(row.token_sha256, given):
        raise Missing
    headquarters = await create_unit(work, "Headquarters", "headquarters", None, None)
    admin = await create_user(work, NewUser(login, display_name, ("system_admin",), password, org_unit_id=headquarters.id))
    await work.session.execute(update(setup).where(setup.c.id == THE_SETUP).values(done_at=work.now))
    return UUID(str(admin.id))


async def create_demo_people(work: Work) -> dict[str, str]:
    """People of every role that the demo needs, with random passwords, and the ERP's API key; only in demo suites."""
    if await work.session.scalar(select(user.c.id).limit(1)) is not None:
        return {}
    unit = await create_unit(work, "Headquarters", "headquarters", None, None)
    passwords: dict[str, str] = {}
    for login, role in DEMO_PEOPLE.items():
        passwords[login] = secrets.token_urlsafe(12)
        await create_user(work, NewUser(login, login.title(), (role,), passwords[login], org_unit_id=unit.id))
    erp = await create_user(work, NewUser("erp", "ERP", ("erp",), kind="service", org_unit_id=unit.id))
    _, passwords["erp"] = await create_key(work, erp.id, "demo", None)
    await work.session.execute(insert(setup).values(id=THE_SETUP, token_sha256=b"", done_at=work.now))
    return passwords
