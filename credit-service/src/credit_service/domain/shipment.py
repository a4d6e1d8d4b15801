"""The shipment check (签发货单前审核, CR-58): what leaves the house, reserved fen by fen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from credit_service.domain.account import Account
from credit_service.domain.gate import Reason, Standing
from credit_service.domain.hold import Hold
from credit_service.domain.order_check import NO_EXEMPTION, Exemption, OldItem, age_reasons
from credit_service.domain.policy import CreditPolicy


@dataclass(frozen=True, slots=True)
class ShipmentDecision:
    """RELEASE when `reasons` is empty; `excess_fen` is what the hold must grow by."""

    excess_fen: int = 0
    reasons: list[Reason] = field(default_factory=list)


def decide_shipment(
    account: Account,
    standing: Standing,
    hold: Hold | None,
    amount_fen: int,
    items: Sequence[OldItem],
    as_of: date,
    policy: CreditPolicy,
    exemption: Exemption = NO_EXEMPTION,
) -> ShipmentDecision:
    """Decide one shipment on the locked account; the hold is as if an earlier release of the same shipment had ended.

    `exemption` is that of the hold's override: its shipments skip those codes, an excess never does.
    """
    stop = standing.stop_reasons()
    if hold is None or not hold.is_live:
        expired = hold is not None and hold.state == "EXPIRED"
        return ShipmentDecision(reasons=[*stop, {"code": "HOLD_EXPIRED" if expired else "HOLD_MISSING"}])
    excess = max(0, amount_fen - hold.unreserved_fen)
    missing: list[Reason] = [{"code": "PREPAYMENT_MISSING", "short_fen": hold.missing_fen}] if hold.missing_fen else []
    on_credit = amount_fen > hold.prepaid_rest_fen
    skipped = NO_EXEMPTION if excess else Exemption(exemption.codes)
    terms = standing.terms_reasons(as_of, skipped.codes) if on_credit else []
    age = age_reasons(items, as_of, policy, skipped) if on_credit else []
    short = _short(account, excess, bool(terms or age))
    return ShipmentDecision(excess, [*terms, *stop, *age, *short, *missing])


def _short(account: Account, excess: int, refused_anyway: bool) -> list[Reason]:
    """The excess runs against the limit like a new order."""
    beyond = excess - (account.limit_fen - account.exposure_fen)
    if excess and (beyond > 0 or refused_anyway):
        return [
            {"code": "HOLD_SHORT", "short_fen": excess},
            *([{"code": "LIMIT_EXCEEDED", "short_fen": beyond}] if beyond > 0 else []),
        ]
    return []
