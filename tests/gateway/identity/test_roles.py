"""G-05, G-06, G-08: the permission table, against an independent transcription of its most delicate lines."""

import pytest
from gateway.domain.roles import role_table
from shared.values.errors import Conflict, Invalid

TABLE = role_table()
HOLDERS = {
    "line:propose": {"market_manager": "all"},
    "line:review_sales": {"sales_vp": "all"},
    "line:review_finance": {"finance_head": "all"},
    "line:approve": {"finance_vp": "all", "general_manager": "all"},
    "override:request": {"salesperson": "own", "market_manager": "all"},
    "override:approve": {"finance_vp": "all", "general_manager": "all"},
    "order_check:run": {"market_specialist": "all", "market_manager": "all", "erp": "all"},
    "shipment_check:run": {"finance_head": "all", "accountant": "all", "erp": "all"},
    "receivable:post": {"accountant": "all", "erp": "all"},
    "receivable:post_unreleased": {"finance_head": "all"},
    "payment:post": {"cashier": "all", "accountant": "all", "erp": "all"},
    "payment:propose_reversal": {"accountant": "all"},
    "payment:confirm": {"finance_head": "all"},
    "customer:erase": {"cs_manager": "all", "general_manager": "all"},
    "customer:pii": {"account_manager": "own", "cs_supervisor": "all"},
    "case:read": {"collector": "own", "collection_manager": "all", "external_agent": "own"},
    "promise:cancel": {"collection_manager": "all"},
    "case:pause": {"collection_manager": "all", "cs_supervisor": "all"},
    "close:run": {"finance_head": "all", "scheduler": "all", "collection_manager": "all"},
    "signal:decide": {"market_manager": "all", "finance_head": "all"},
    "event:subscribe": {"event_subscriber": "all"},
    "user:manage": {"system_admin": "all"},
    "role:assign": {"system_admin": "all"},
    "system:clock": {"system_admin": "all"},
    "audit:read": {"auditor": "all", "general_manager": "all"},
}


@pytest.mark.parametrize("permission", HOLDERS)
def test_exactly_these_roles_hold_it(permission: str) -> None:
    """G-05: one role has it, every other one has not."""
    held = {role: grants[permission] for role, grants in TABLE.grants.items() if permission in grants}
    assert held == HOLDERS[permission]


def test_an_administrator_has_no_business_permission() -> None:
    """G-08: and can never be given one beside."""
    own = set(TABLE.grants["system_admin"])
    assert own == {
        "user:manage",
        "role:assign",
        "delegation:create",
        "outbound:switch",
        "system:clock",
        "webhook:manage",
        "import:run",
    }
    for role in ("finance_vp", "general_manager", "market_manager", "accountant"):
        with pytest.raises(Conflict, match="SEPARATION_OF_DUTIES"):
            TABLE.check(["system_admin", role])


def test_cashier_is_never_accountant() -> None:
    """G-08."""
    with pytest.raises(Conflict, match="SEPARATION_OF_DUTIES"):
        TABLE.check(["cashier", "accountant"])
    TABLE.check(["cashier", "collector"])


def test_unknown_roles_are_refused() -> None:
    """G-05."""
    with pytest.raises(Invalid, match="ROLE_UNKNOWN"):
        TABLE.check(["king"])


def test_several_roles_give_the_union_and_the_wider_scope() -> None:
    """G-06: agent_l1 and follow_up_agent in one person can do both."""
    grants = {grant.permission: grant.scope for grant in TABLE.grants_of(["agent_l1", "follow_up_agent"])}
    assert {"contact:record", "follow_up:work"} <= grants.keys()
    assert grants["customer:reveal"] == "team"


def test_every_role_has_both_titles() -> None:
    """G-21."""
    assert all(zh and en for zh, en in TABLE.titles.values())
    assert len(TABLE.titles) == 49
