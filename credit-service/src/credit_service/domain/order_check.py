"""The order check (下单前审核, CR-56, CR-57): every gate, all reasons at once, and the ways out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from credit_service.domain.account import Account
from credit_service.domain.gate import Reason, Standing
from credit_service.domain.policy import CreditPolicy

Verdict = Literal["APPROVED", "REDUCED", "SUSPENDED", "PREPAY"]
OVERRIDABLE = frozenset({"LIMIT_EXCEEDED", "TERM_EXCEEDED", "AGE_6M", "LINE_EXPIRED"})
AGE_CODES = frozenset({"TERM_EXCEEDED", "AGE_6M"})
CASH_CODES = frozenset({"PREPAYMENT_MISSING", "DEPOSIT_UNPAID"})


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked. `earmarked_fen` is cash that the order has already; `prepaid_fen` is what the caller wants prepaid."""

    amount_fen: int
    prepaid_fen: int = 0
    earmarked_fen: int = 0
    accept_partial: bool = False
    deposit_open_fen: int = 0

    @property
    def credit_fen(self) -> int:
        """The part on credit."""
        return self.amount_fen - self.prepaid_fen

    @property
    def cash_fen(self) -> int:
        """On-account cash that must newly be earmarked to the order."""
        return max(0, self.prepaid_fen - self.earmarked_fen)


@dataclass(frozen=True, slots=True)
class OldItem:
    """An open principal that may be too old; `undisputed_fen` is open less what an accepted dispute covers."""

    receivable_id: UUID
    ref: str
    due_on: date
    undisputed_fen: int
    shipped_on: date | None = None
    aged_on: date | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """What an override allows: codes that are skipped, and fen above the limit."""

    codes: frozenset[str] = frozenset()
    excess_fen: int = 0


NO_EXEMPTION = Exemption()


@dataclass(frozen=True, slots=True)
class OrderDecision:
    """The answer. `credit_fen` is what is held; `approved_fen` = prepaid + credit; null `prepay_needed_fen`: no way by paying."""

    verdict: Verdict
    credit_fen: int
    approved_fen: int
    reasons: list[Reason] = field(default_factory=list)
    prepay_needed_fen: int | None = 0
    ways_out: list[str] = field(default_factory=list)


def decide_order(
    account: Account,
    standing: Standing,
    order: Order,
    items: Sequence[OldItem],
    as_of: date,
    policy: CreditPolicy,
    exemption: Exemption = NO_EXEMPTION,
) -> OrderDecision:
    """Decide one order on the locked account row; every failing reason is reported in the order G1, G2, G3, G4, cash."""
    stop = standing.stop_reasons()
    terms = standing.terms_reasons(as_of, exemption.codes) if order.credit_fen else []
    age = age_reasons(items, as_of, policy, exemption) if order.credit_fen else []
    cash = _cash_reasons(account, order)
    room = account.limit_fen + exemption.excess_fen - account.exposure_fen - min(order.cash_fen, account.unapplied_fen)
    amount = _amount_reasons(order, room, policy)
    reasons = [*terms, *stop, *age, *amount, *cash]
    if not reasons:
        return OrderDecision("APPROVED", order.credit_fen, order.amount_fen)
    needed = None if stop else _prepay_needed(account, order, bool(terms or age), exemption)
    blocked = bool(stop or terms or age or cash)
    if not blocked and order.accept_partial and room >= policy.min_partial_fen:
        trimmed = [reason for reason in amount if reason["code"] == "LIMIT_EXCEEDED"]
        return OrderDecision(
            "REDUCED", room, order.prepaid_fen + room, trimmed, needed, _ways(order, reasons, room, needed, age, policy)
        )
    verdict: Verdict = "PREPAY" if (terms or cash) and not stop else "SUSPENDED"
    return OrderDecision(verdict, 0, 0, reasons, needed, _ways(order, reasons, room, needed, age, policy))


def failing_items(
    items: Sequence[OldItem], as_of: date, policy: CreditPolicy, exemption: Exemption = NO_EXEMPTION
) -> dict[str, list[OldItem]]:
    """G3: open undisputed principal past due, and six calendar months after shipment, by code; skipped codes left out."""
    last_due = as_of - timedelta(days=policy.grace_days)
    found = {
        "TERM_EXCEEDED": [item for item in items if item.undisputed_fen and item.due_on < last_due],
        "AGE_6M": [item for item in items if item.undisputed_fen and item.aged_on and item.aged_on < as_of],
    }
    return {code: old for code, old in found.items() if old and code not in exemption.codes}


def age_reasons(items: Sequence[OldItem], as_of: date, policy: CreditPolicy, exemption: Exemption) -> list[Reason]:
    """G3 as reasons: per failing code the oldest item, and the sum of all."""
    return [_age_reason(code, old) for code, old in failing_items(items, as_of, policy, exemption).items()]


def _age_reason(code: str, old: list[OldItem]) -> Reason:
    turned = {item.receivable_id: (item.aged_on if code == "AGE_6M" else item.due_on) or item.due_on for item in old}
    oldest = min(old, key=lambda item: (turned[item.receivable_id], item.ref))
    return {
        "code": code,
        "receivable_id": oldest.receivable_id,
        "number": oldest.ref,
        "shipped_on": oldest.shipped_on,
        "due_on": oldest.due_on,
        "open_fen": sum(item.undisputed_fen for item in old),
        "items": len(old),
        "since": turned[oldest.receivable_id] + timedelta(days=1),
    }


def _cash_reasons(account: Account, order: Order) -> list[Reason]:
    reasons: list[Reason] = []
    if order.cash_fen > account.unapplied_fen:
        reasons.append({"code": "PREPAYMENT_MISSING", "short_fen": order.cash_fen - account.unapplied_fen})
    if order.deposit_open_fen:
        reasons.append({"code": "DEPOSIT_UNPAID", "open_fen": order.deposit_open_fen})
    return reasons


def _amount_reasons(order: Order, room: int, policy: CreditPolicy) -> list[Reason]:
    if order.credit_fen + order.cash_fen == 0 or order.credit_fen <= room:
        return []
    reasons: list[Reason] = [{"code": "LIMIT_EXCEEDED", "short_fen": order.credit_fen - room}]
    if order.accept_partial and room < policy.min_partial_fen:
        reasons.append({"code": "BELOW_MIN_PARTIAL", "room_fen": max(0, room), "min_partial_fen": policy.min_partial_fen})
    return reasons


def _prepay_needed(account: Account, order: Order, nothing_on_credit: bool, exemption: Exemption) -> int:
    """The smallest further payment, earmarked to this order, with which the whole amount would be approved."""
    room = max(0, account.limit_fen + exemption.excess_fen - account.exposure_fen)
    covered = min(account.unapplied_fen, room) if nothing_on_credit else room
    for_amount = order.amount_fen - order.earmarked_fen - covered
    for_cash = order.prepaid_fen - order.earmarked_fen - account.unapplied_fen
    return max(0, for_amount, for_cash)


def _ways(order: Order, reasons: list[Reason], room: int, needed: int | None, age: list[Reason], policy: CreditPolicy) -> list[str]:
    """What would let the order pass, as machine-readable words: pay the old items, prepay, take less, ask for an override."""
    if needed is None:
        return []
    codes = {reason["code"] for reason in reasons}
    ways = [f"PAY_OLDEST:{max(reason['open_fen'] for reason in age)}"] if age else []
    if needed:
        ways.append(f"PREPAY:{needed}")
    if codes <= {"LIMIT_EXCEEDED"} and room >= policy.min_partial_fen:
        ways.append(f"REDUCE:{order.prepaid_fen + room}")
    if codes - {"BELOW_MIN_PARTIAL"} <= OVERRIDABLE:
        ways.append(f"OVERRIDE:{override_approver(order.credit_fen - room, codes, policy)}")
    return ways


def override_approver(excess_fen: int, codes: Sequence[str] | set[str] | frozenset[str], policy: CreditPolicy) -> str:
    """finance_vp up to 50,000 yuan above the limit and without an age code, else general_manager."""
    small = excess_fen <= policy.override_finance_vp_up_to_fen
    return "finance_vp" if small and not AGE_CODES & set(codes) else "general_manager"
