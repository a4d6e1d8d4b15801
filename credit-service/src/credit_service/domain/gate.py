"""What a customer's standing opens or shuts: the gate columns of the account (G1 terms and G2 stop)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from credit_service.domain.account import Gate

STOP_CODES = frozenset({"LINE_FROZEN", "CLASS_D", "SIGNAL_CONFIRMED", "SUPPLY_STOP"})
CASH_ONLY_FREEZE = "NOT_RATED"
OWN_CODE = {"CLASS_D": "CLASS_D", "SIGNAL_CONFIRMED": "SIGNAL_CONFIRMED", "SUPPLY_STOP": "SUPPLY_STOP"}
Reason = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LineTerms:
    """The customer's line that is not closed; an expired one still stands here, its date refuses."""

    limit_fen: int
    term_days: int
    valid_until: date
    contract_until: date
    frozen_for: tuple[str, ...] = ()

    @property
    def counts_until(self) -> date:
        """The earlier of the line's and the contract's last day."""
        return min(self.valid_until, self.contract_until)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the customer beside the ledger: management, line, class, supply stop."""

    managed: bool
    line: LineTerms | None
    customer_class: str | None = None
    supply_stopped: bool = False

    def stop_reasons(self) -> list[Reason]:
        """G2: nothing at all may be ordered or shipped. A freeze for its own cause reports that code."""
        frozen = set(self.line.frozen_for) - {CASH_ONLY_FREEZE} if self.line else set()
        codes: list[Reason] = []
        if frozen - set(OWN_CODE):
            codes.append({"code": "LINE_FROZEN", "reasons": sorted(frozen - set(OWN_CODE))})
        if self.customer_class == "D" or "CLASS_D" in frozen:
            codes.append({"code": "CLASS_D"})
        if "SIGNAL_CONFIRMED" in frozen:
            codes.append({"code": "SIGNAL_CONFIRMED"})
        if self.supply_stopped or "SUPPLY_STOP" in frozen:
            codes.append({"code": "SUPPLY_STOP"})
        return codes

    def terms_reasons(self, as_of: date, skipped: frozenset[str] = frozenset()) -> list[Reason]:
        """G1: nothing on credit, prepaid orders only (现款管理, CR-11, CR-56)."""
        codes: list[Reason] = []
        if not self.managed:
            codes.append({"code": "NOT_MANAGED"})
        elif self.line is None:
            codes.append({"code": "NO_ACTIVE_LINE"})
        if self.customer_class == "C":
            codes.append({"code": "CLASS_C"})
        if self.line and CASH_ONLY_FREEZE in self.line.frozen_for:
            codes.append({"code": "NOT_RATED"})
        if self.line and self.line.valid_until < as_of and "LINE_EXPIRED" not in skipped:
            codes.append({"code": "LINE_EXPIRED", "valid_until": self.line.valid_until})
        if self.line and self.line.contract_until < as_of:
            codes.append({"code": "CONTRACT_EXPIRED", "valid_until": self.line.contract_until})
        return codes

    def gate(self) -> Gate:
        """The gate column: SUSPENDED by any stop, PREPAY without credit terms, else CREDIT (dates refuse by themselves)."""
        if self.stop_reasons():
            return "SUSPENDED"
        dated = {"LINE_EXPIRED", "CONTRACT_EXPIRED"}
        lacking = [reason for reason in self.terms_reasons(date.max) if reason["code"] not in dated]
        return "PREPAY" if lacking else "CREDIT"
