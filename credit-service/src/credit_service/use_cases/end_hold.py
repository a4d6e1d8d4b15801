"""Renew, amend, release and expire holds."""

from dataclasses import replace
from uuid import UUID

from shared.contracts.credit_account import HoldExpired, OrderHeld, OrderPassed
from shared.records.work import Work
from shared.values.errors import Conflict, Invalid, Missing, Refused

from credit_service.domain.hold import Hold, HoldState
from credit_service.domain.order_check import NO_EXEMPTION
from credit_service.domain.policy import POLICY
from credit_service.storage.accounts import LockedAccount, lock_account_of
from credit_service.storage.holds import (
    end_releases,
    expired_holds,
    hold_of,
    lapsed_releases,
    releases_of,
    save_hold,
)
from credit_service.storage.place_hold import Taking, take
from credit_service.use_cases.conclude import conclude
from credit_service.use_cases.earmark_cash import return_earmarks

SWEEP_AT_ONCE = 200


async def renew_hold(work: Work, hold_id: UUID) -> Hold:
    """Another seven days. Errors: 404; 409 `HOLD_ENDED`."""
    _, hold = await _lock_live(work, hold_id)
    renewed = replace(hold, expires_at=work.now + POLICY.hold_life)
    await save_hold(work.session, renewed)
    return renewed


async def release_hold(work: Work, hold_id: UUID) -> Hold:
    """The order is off: credit and earmarked cash go back. Errors: 404; 409 `HOLD_ENDED`, `HOLD_RESERVED`."""
    account, hold = await _lock_live(work, hold_id)
    if hold.reserved_fen:
        raise Conflict("HOLD_RESERVED", "a live shipment release stands on it", reserved_fen=hold.reserved_fen)
    ended = await _end(account, hold, "RELEASED")
    await conclude(account)
    return ended


async def amend_hold(work: Work, hold_id: UUID, amount_fen: int) -> Hold | Refused:
    """Another amount: an increase runs the order check's statement, a decrease frees credit first, then prepaid.

    Errors: 404; 409 `HOLD_ENDED`, `LIMIT_EXCEEDED` (announced); 422 `BELOW_RESERVED`.
    """
    account, hold = await _lock_live(work, hold_id)
    delta = amount_fen - hold.amount_fen
    if delta > 0:
        return await _grow(account, hold, delta)
    if -delta > hold.unreserved_fen:
        raise Invalid(
            "BELOW_RESERVED",
            "what is shipped or reserved cannot be taken back",
            least_fen=hold.amount_fen - hold.unreserved_fen,
        )
    changed, credit, _ = hold.reduced(-delta)
    await account.move(held_fen=-credit)
    if not (changed.held_fen + changed.prepaid_fen + changed.missing_fen):
        changed = replace(changed, state="CONSUMED")
        await return_earmarks(account, hold.order_ref)
    await save_hold(work.session, changed)
    await conclude(account)
    return changed


async def sweep_holds(work: Work) -> int:
    """End tokens and holds past their time; candidates are read without locks and looked at again under them."""
    ended = 0
    for hold_id, customer_id in await lapsed_releases(work.session, work.now, SWEEP_AT_ONCE):
        ended += await _expire_tokens(await lock_account_of(work, customer_id), hold_id)
    for hold_id, customer_id in await expired_holds(work.session, work.now, SWEEP_AT_ONCE):
        ended += await _expire(await lock_account_of(work, customer_id), hold_id)
    return ended


async def _expire(account: LockedAccount, hold_id: UUID) -> int:
    """A hold with reservations ends after its last token."""
    hold = await hold_of(account.work.session, hold_id)
    if hold is None or not hold.is_live or hold.expires_at > account.work.now or hold.reserved_fen:
        return 0
    freed = hold.held_fen + hold.prepaid_fen + hold.missing_fen
    await _end(account, hold, "EXPIRED")
    account.fact(HoldExpired, hold_id=hold.id, order_ref=hold.order_ref, released_fen=freed)
    await conclude(account)
    return 1


async def _expire_tokens(account: LockedAccount, hold_id: UUID) -> int:
    hold = await hold_of(account.work.session, hold_id)
    lapsed = [row for row in await releases_of(account.work.session, hold_id) if row.expires_at <= account.work.now]
    if hold is None or not lapsed:
        return 0
    await end_releases(account.work.session, [row.id for row in lapsed], "EXPIRED")
    await save_hold(account.work.session, hold.reserved(-sum(row.amount_fen for row in lapsed)))
    return len(lapsed)


async def _end(account: LockedAccount, hold: Hold, state: HoldState) -> Hold:
    await account.move(held_fen=-hold.held_fen)
    ended = hold.ended(state)
    await save_hold(account.work.session, ended)
    await return_earmarks(account, hold.order_ref)
    return ended


async def _grow(account: LockedAccount, hold: Hold, delta: int) -> Hold | Refused:
    day = account.work.day
    taken = await take(account.work.session, Taking(hold.customer_id, delta, 0, NO_EXEMPTION.excess_fen, day, day, day))
    if taken is None:
        short = delta - max(0, account.state.limit_fen - account.state.exposure_fen)
        reasons = [{"code": "LIMIT_EXCEEDED" if short > 0 else "GATE_SHUT", "short_fen": max(0, short)}]
        account.fact(OrderHeld, order_ref=hold.order_ref, verdict="SUSPENDED", reasons=reasons)
        await account.announce()
        return Refused(Conflict("LIMIT_EXCEEDED", "the increase does not pass the order check", reasons=reasons))
    account.state = taken
    grown = hold.grown(delta)
    await save_hold(account.work.session, grown)
    account.fact(OrderPassed, order_ref=hold.order_ref, hold_id=hold.id, amount_fen=grown.amount_fen, stage="amend")
    await account.announce()
    return grown


async def _lock_live(work: Work, hold_id: UUID) -> tuple[LockedAccount, Hold]:
    known = await hold_of(work.session, hold_id)
    if known is None:
        raise Missing
    account = await lock_account_of(work, known.customer_id)
    hold = await hold_of(work.session, hold_id)
    if hold is None or not hold.is_live:
        raise Conflict("HOLD_ENDED", "the hold has ended", state=hold.state if hold else None)
    return account, hold
