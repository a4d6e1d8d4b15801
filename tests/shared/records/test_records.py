"""The rows that every service keeps: numbers, notices, approvals, audit, timers, sealing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from shared.clock import Clock
from shared.contracts.gateway import OrgUnitChanged, UserChanged
from shared.database.engine import Database
from shared.records import masks
from shared.records.approvals import record_step, steps_of
from shared.records.audit import broken_seal, seal_audit, write_audit
from shared.records.notices import notify, read_notice
from shared.records.numbering import next_number
from shared.records.people import apply_unit, apply_user, people_with_role, superior_of
from shared.records.principal import Grant, Principal
from shared.records.scope import within
from shared.records.sealing import KeyRing, keep_customer_key, make_customer_key, seal_of
from shared.records.tables import notice, person, timer
from shared.records.timers import Timer, TimerLoop, plan_timer, void_timers
from shared.records.work import Work
from shared.testing.tokens import somebody
from shared.values.errors import Conflict, Forbidden, Missing
from sqlalchemy import func, select, text

DAY = date(2026, 9, 30)


@pytest.fixture
async def work(database: Database, clock: Clock) -> AsyncIterator[Work]:
    async with database.transaction() as session:
        yield Work(session, clock.now(), somebody({}))


async def test_parallel_creations_never_share_a_number_and_a_rollback_leaves_no_gap(database: Database) -> None:
    """G-25: `T20260930-000001` …, gap-free."""
    numbers: list[str] = []

    async def create(fails: bool) -> None:
        async with database.transaction() as session:
            number = await next_number(session, "T", DAY)
            if fails:
                raise RuntimeError("rolled back")
            numbers.append(number)

    await asyncio.gather(*(create(index % 3 == 0) for index in range(15)), return_exceptions=True)
    assert sorted(numbers) == [f"T20260930-{number:06d}" for number in range(1, 11)]


async def test_series_by_year_and_without_period(work: Work) -> None:
    """G-25."""
    assert await next_number(work.session, "TS", DAY, yearly=True) == "TS2026-000001"
    assert await next_number(work.session, "K") == "K000001"


async def test_a_notice_is_read_once_by_its_recipient(work: Work) -> None:
    """G-30: reading sets `read_at` once; another person's notice does not exist."""
    await notify(work, work.actor.id, "assigned", "C-1", "yours")
    await notify(work, uuid4(), "assigned", "C-2", "not yours")
    mine, other = (await work.session.scalars(select(notice.c.id).order_by(notice.c.id))).all()
    await read_notice(work, mine)
    first = await work.session.scalar(select(notice.c.read_at).where(notice.c.id == mine))
    await read_notice(Work(work.session, work.now + timedelta(hours=1), work.actor), mine)
    assert await work.session.scalar(select(notice.c.read_at).where(notice.c.id == mine)) == first
    with pytest.raises(Missing):
        await read_notice(work, other)


async def test_a_rolled_back_command_leaves_no_notice(database: Database, clock: Clock) -> None:
    """G-30."""

    async def fail() -> None:
        async with database.transaction() as session:
            await notify(Work(session, clock.now()), uuid4(), "x", "x", "x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(notice)) == 0


async def test_approval_steps_are_ordered_by_different_people_on_one_content(database: Database, clock: Clock) -> None:
    """G-08: self, out of order, changed content; nobody twice, whether as actor or as the one acted for."""
    first, second = somebody({}), somebody({})
    async with database.transaction() as session:

        def by(actor: Principal, grant: Grant | None = None) -> Work:
            return Work(session, clock.now(), actor, grant=grant)

        await record_step(by(first), "x/1", 0, "proposed", content_sha256=b"a")
        with pytest.raises(Forbidden, match="SELF_APPROVAL"):
            await record_step(by(first), "x/1", 1, "agreed", content_sha256=b"a")
        for_first = Grant("p", "all", first.id)
        with pytest.raises(Forbidden, match="SELF_APPROVAL"):
            await record_step(by(second, for_first), "x/1", 1, "agreed", content_sha256=b"a")
        with pytest.raises(Conflict, match="STEP_OUT_OF_ORDER"):
            await record_step(by(second), "x/1", 2, "agreed", content_sha256=b"a")
        with pytest.raises(Conflict, match="CONTENT_CHANGED"):
            await record_step(by(second), "x/1", 1, "agreed", content_sha256=b"b")
        third = uuid4()
        await record_step(by(second, Grant("p", "all", third)), "x/1", 1, "agreed", comment="ok", content_sha256=b"a")
        with pytest.raises(Forbidden, match="SELF_APPROVAL"):
            await record_step(by(Principal(third, "third")), "x/1", 2, "agreed", content_sha256=b"a")
        shown = [step.shown() for step in await steps_of(session, "x/1")]
    assert [step["decision"] for step in shown] == ["proposed", "agreed"]
    assert shown[1]["on_behalf_of"] == third


async def test_parallel_deciders_leave_one_step(database: Database, clock: Clock) -> None:
    """G-08: a race for the same step is decided by the unique index."""
    async with database.transaction() as session:
        await record_step(Work(session, clock.now(), somebody({})), "x/2", 0, "proposed", content_sha256=b"a")

    async def decide() -> None:
        async with database.transaction() as session:
            await record_step(Work(session, clock.now(), somebody({})), "x/2", 1, "agreed", content_sha256=b"a")

    results = await asyncio.gather(*(decide() for _ in range(6)), return_exceptions=True)
    assert sum(result is None for result in results) == 1


async def test_the_audit_chain_shows_what_was_changed(database: Database, clock: Clock) -> None:
    """G-13: sealed rows verify; a change behind the trigger's back breaks the chain at that row."""
    async with database.transaction() as session:
        work = Work(session, clock.now(), somebody({}))
        for number in range(3):
            await write_audit(work, "thing", UUID(int=number), "change", after={"n": number}, reason="因为")
        assert await seal_audit(session) == 3
        assert await seal_audit(session) == 0
    async with database.transaction() as session:
        assert await broken_seal(session) is None
    async with database.transaction() as session:
        await session.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        await session.execute(text("UPDATE audit SET reason = 'x' WHERE entity_id = :id"), {"id": UUID(int=1)})
    async with database.transaction() as session:
        broken = await broken_seal(session)
    assert broken is not None
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT entity_id FROM audit WHERE id = :id"), {"id": broken}) == UUID(int=1)


async def test_two_loops_fire_a_timer_once(database: Database, clock: Clock) -> None:
    """Design §7: each timer once, in the order in which they are due; a voided one never."""
    fired: list[int] = []

    async def handle(work: Work, due: Timer) -> None:
        await asyncio.sleep(0.01)
        fired.append(due.epoch)

    async with database.transaction() as session:
        for epoch in range(1, 9):
            await plan_timer(session, "k", UUID(int=1), epoch, clock.now() - timedelta(seconds=9 - epoch))
            await plan_timer(session, "k", UUID(int=1), epoch, clock.now() - timedelta(hours=9))
        await plan_timer(session, "k", UUID(int=2), 99, clock.now())
        await void_timers(session, "k", UUID(int=2))
    loops = [TimerLoop(database, clock, {"k": handle}) for _ in range(3)]

    async def drain(loop: TimerLoop) -> None:
        while await loop.fire_next():
            pass

    await asyncio.gather(*(drain(loop) for loop in loops))
    assert sorted(fired) == list(range(1, 9))


async def test_a_failing_timer_is_put_off_and_holds_nobody_up(database: Database, clock: Clock) -> None:
    """Design §7: its own work is rolled back; the next one fires."""
    fired: list[UUID] = []

    async def handle(work: Work, due: Timer) -> None:
        await notify(work, due.subject_id, "x", "x", "x")
        if due.subject_id == UUID(int=1):
            raise RuntimeError("not now")
        fired.append(due.subject_id)

    async with database.transaction() as session:
        for number in (1, 2):
            await plan_timer(session, "k", UUID(int=number), 1, clock.now() - timedelta(seconds=3 - number))
    loop = TimerLoop(database, clock, {"k": handle})
    while await loop.fire_next():
        pass
    assert fired == [UUID(int=2)]
    async with database.transaction() as session:
        row = (await session.execute(select(timer).where(timer.c.subject_id == UUID(int=1)))).one()
        assert (row.state, row.attempts) == ("PLANNED", 1)
        assert await session.scalar(select(func.count()).select_from(notice)) == 1
    clock.move_to(clock.now() + timedelta(minutes=1))
    assert await loop.fire_next()


async def test_a_timer_that_was_due_while_we_were_down_fires_once_flagged_late(database: Database, clock: Clock) -> None:
    """Design §7."""
    seen: list[bool] = []

    async def handle(work: Work, due: Timer) -> None:
        seen.append(due.late)

    async with database.transaction() as session:
        await plan_timer(session, "k", UUID(int=1), 1, clock.now() - timedelta(days=3))
    loop = TimerLoop(database, clock, {"k": handle})
    assert await loop.fire_next()
    assert not await loop.fire_next()
    assert seen == [True]


async def test_scope_is_own_team_unit_or_all(work: Work) -> None:
    """G-18, G-05, G-07: the subtree of a unit, the direct subordinates of a person; under a delegation the delegator's own."""
    units = {name: uuid4() for name in ("top", "branch", "store", "other")}
    parents = {"branch": "top", "store": "branch"}
    for name, identifier in units.items():
        parent = units[parents[name]] if name in parents else None
        fact = OrgUnitChanged(org_unit_id=identifier, parent_id=parent, unit_type="branch", name=name, manager_id=None)
        await apply_unit(work, fact)
    boss, worker, stranger = uuid4(), uuid4(), uuid4()
    for identifier, unit, superior in ((boss, "branch", None), (worker, "store", boss), (stranger, "other", None)):
        fact = UserChanged(
            user_id=identifier, display_name="x", roles=["r"], org_unit_id=units[unit], superior_id=superior, active=True
        )
        await apply_user(work, fact)
        await apply_user(work, fact)

    async def seen(grant: Grant, actor: UUID = boss) -> set[UUID]:
        principal = Principal(actor, "x", org_unit_id=units["branch"])
        condition = within(principal, grant, person.c.id, person.c.org_unit_id)
        return set((await work.session.scalars(select(person.c.id).where(condition))).all())

    assert await seen(Grant("p", "own")) == {boss}
    assert await seen(Grant("p", "team")) == {boss, worker}
    assert await seen(Grant("p", "unit")) == {boss, worker}
    assert await seen(Grant("p", "all")) == {boss, worker, stranger}
    assert await seen(Grant("p", "own", on_behalf_of=worker)) == {worker}
    assert await superior_of(work.session, worker) == boss
    assert set(await people_with_role(work.session, "r")) == {boss, worker, stranger}


async def test_what_is_sealed_opens_for_its_customer_only_and_never_after_the_erasure(work: Work) -> None:
    """G-10: one key per customer; deleting the key erases."""
    ring, one, other = KeyRing(bytes(32)), uuid4(), uuid4()
    for customer in (one, other):
        await make_customer_key(work.session, ring, customer)
    sealed = (await seal_of(work.session, ring, one)).seal("13800001234")
    assert sealed.startswith("v1.")
    assert "138" not in sealed
    assert (await seal_of(work.session, ring, one)).open(sealed) == "13800001234"
    assert (await seal_of(work.session, ring, other)).open(sealed) is None
    assert (await seal_of(work.session, ring, uuid4())).open(sealed) is None
    await keep_customer_key(work.session, one, None)
    assert (await seal_of(work.session, ring, one)).open(sealed) is None


def test_blind_indexes_match_by_kind_and_key() -> None:
    """G-10: equality search without the value."""
    ring, other = KeyRing(bytes(32)), KeyRing(bytes(31) + b"x")
    assert ring.blind_index("phone", "1") == ring.blind_index("phone", "1")
    assert len({ring.blind_index("phone", "1"), ring.blind_index("name", "1"), other.blind_index("phone", "1")}) == 3
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRing(b"short")


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (masks.mask_phone("13800001234"), "138****1234"),
        (masks.mask_phone("0755-88881234"), "0755-******34"),
        (masks.mask_phone("123"), "***"),
        (masks.mask_email("wang@example.com"), "w***@example.com"),
        (masks.mask_name("王小明"), "王**"),
        (masks.mask_name(None), "***"),
        (masks.mask_address("深圳市福田区华强北路1号"), "深圳市福田区***"),
        (masks.mask_address("somewhere"), "***"),
        (masks.mask_point("EMAIL", "a@b.c"), "a***@b.c"),
        (masks.mask_point("ADDRESS", "北京市某街"), "北京市***"),
    ],
)
def test_masks(masked: str, expected: str) -> None:
    """G-10."""
    assert masked == expected


async def test_a_window_is_half_open(clock: Clock) -> None:
    """G-07: one second before and at the end it does not hold."""
    now = clock.now()
    grant = Grant("p", "all", uuid4(), now, now + timedelta(seconds=10))
    held = [grant.holds_at(now + timedelta(seconds=second)) for second in (-1, 0, 9, 10)]
    assert held == [False, True, True, False]
