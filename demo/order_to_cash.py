"""Order to cash: from the credit line to the bounced payment, in seven chapters."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

from demo.stage import Stage

SHANGHAI = timezone(timedelta(hours=8))
START = "2026-03-03T10:00+08:00"


def play(stage: Stage) -> None:
    """Every chapter in order; the first step that does not hold ends the story. Errors: `StepFailed`."""
    story = OrderToCash(stage)
    story.line_through_the_chain()
    story.order_shipped_and_posted()
    story.order_reduced_to_what_is_left()
    story.past_the_due_dates()
    story.contact_within_the_rules()
    story.promise_broken_once()
    story.paid_bounced_paid_again()
    story.ledger_adds_up()


class OrderToCash:
    """The story's own memory: the customer, the case, the payments."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.customer = self.case = self.person = self.point = ""
        self.day = date(2026, 3, 3)

    def line_through_the_chain(self) -> None:
        """A line of 500,000.00 for 60 days through the whole chain of art. 10."""
        stage = self.stage
        stage.chapter("1. A credit line of 500,000.00 for 60 days (授信审批)")
        self._customer()
        application = self._application(self._contract())
        path = f"/line-applications/{application}"
        stage.send("market", "POST", f"{path}/submit", {}, expect=200, say="the market manager proposes")
        stage.send("market", "POST", f"{path}/approve", {}, expect=403, say="…and may not approve what he proposed")
        stage.send(
            "sales_vp",
            "POST",
            f"{path}/review-sales",
            {"comment": "good"},
            expect=200,
            say="the sales vice president agrees",
        )
        opinion = {"comment": "ok", "funds": "covered", "profit": "8 %", "assets": "sound"}
        stage.send(
            "finance",
            "POST",
            f"{path}/review-finance",
            opinion,
            expect=200,
            say="finance agrees, with an opinion on funds",
        )
        done = stage.send(
            "finance_vp",
            "POST",
            f"{path}/approve",
            {"comment": "ok"},
            expect=200,
            say="the finance vice president approves",
        )
        stage.check(done["state"] == "EFFECTIVE" and len(done["steps"]) == 4, "four people, four steps, in force at once", done)
        stage.events("credit.customer.created.v1", "credit.line.approved.v1", "credit.line.effective.v1")

    def _customer(self) -> None:
        stage = self.stage
        body = {
            "name": "深圳市华强贸易有限公司", "phone": "13800001234", "address": "深圳市福田区华强北路1号", "category": "家电",
            "type": "dealer", "legal_form": "company",
        }  # fmt: skip
        self.customer = stage.send("market", "POST", "/customers", body, expect=201, say="the customer file is open")["id"]
        point = {"kind": "MOBILE", "value": "13800001234", "source": "contract", "verified": True}
        person = {"customer_id": self.customer, "role": "FINANCE", "name": "王芳", "contact_points": [point]}
        made = stage.send("market", "POST", "/contact-persons", person, expect=201, say="whom we may talk to")
        self.person, self.point = made["id"], made["contact_points"][0]["id"]

    def _contract(self) -> str:
        stage = self.stage
        body = {
            "customer_id": self.customer, "valid_from": "2026-03-01", "valid_until": "2028-02-29", "term_days": 60,
            "clauses": ["price", "payment"],
        }  # fmt: skip
        contract: str = stage.send("market", "POST", "/contracts", body, expect=201, say="the sales contract")["id"]
        for clause in ("price", "payment"):
            passed = {"clause": clause, "result": "pass"}
            stage.send("market", "POST", f"/contracts/{contract}/review", passed, expect=200, say=f"clause {clause} examined")
        stage.send("market", "POST", f"/contracts/{contract}/make-effective", {}, expect=200, say="every clause passed")
        return contract

    def _application(self, contract: str) -> str:
        body = {
            "customer_id": self.customer, "kind": "UNRATED", "limit_fen": 50_000_000, "term_days": 60,
            "valid_until": "2027-03-01", "contract_id": contract,
        }  # fmt: skip
        made: str = self.stage.send("market", "POST", "/line-applications", body, expect=201, say="the proposal")["id"]
        return made

    def order_shipped_and_posted(self) -> None:
        """An order of 420,000.00 approved, shipped, posted."""
        self.stage.chapter("2. An order of 420,000.00 (下单前审核、审批放行)")
        answer = self._order("SO-1001", 42_000_000)
        self.stage.check(answer["verdict"] == "APPROVED", "approved, and held for seven days", answer)
        self._ship("SO-1001", 42_000_000)
        self.stage.events("credit.order.passed.v1", "credit.shipment.released.v1", "credit.receivable.created.v1")

    def order_reduced_to_what_is_left(self) -> None:
        """120,000.00 asked, 80,000.00 left; afterwards nothing is available."""
        stage = self.stage
        stage.chapter("3. An order of 120,000.00 is reduced to what is left (裁减)")
        answer = self._order("SO-1002", 12_000_000, accept_partial=True)
        stage.check((answer["verdict"], answer["approved_fen"]) == ("REDUCED", 8_000_000), "reduced to 80,000.00", answer)
        self._ship("SO-1002", 8_000_000)
        account = stage.read("finance", f"/accounts/{self.customer}")
        stage.check(account["available_fen"] == 0, "nothing is available any more", account)
        answer = self._order("SO-1003", 1_000_000)
        codes = [reason["code"] for reason in answer["reasons"]]
        stage.check((answer["verdict"], codes) == ("SUSPENDED", ["LIMIT_EXCEEDED"]), f"one more is suspended: {codes}", answer)
        stage.events("credit.order.trimmed.v1", "credit.order.held.v1")

    def past_the_due_dates(self) -> None:
        """Sixty-four days later: two overdue items, one case; credit stops, prepaid goes on."""
        stage = self.stage
        stage.chapter("4. Past the due dates: the close, the case, the gate (逾期)")
        self._move(datetime(2026, 5, 6, 10, 0, tzinfo=SHANGHAI))
        self._close(date(2026, 5, 6))
        overdue = stage.events("credit.receivable.overdue.v1", count=2)
        stage.check(len(overdue) == 2, "two items are overdue, each told once", len(overdue))
        cases = stage.until(self._cases, lambda found: len(found) == 1, "one case for both")
        self.case = cases[0]["id"]
        stage.check(cases[0]["stage"] == "S1" and cases[0]["overdue_fen"] == 50_000_000, "stage S1, 500,000.00 overdue", cases)
        answer = self._order("SO-1004", 1_000_000)
        codes = [reason["code"] for reason in answer["reasons"]]
        stage.check(answer["verdict"] == "SUSPENDED" and "TERM_EXCEEDED" in codes, f"a new order is suspended: {codes}", answer)
        stage.check("PAY_OLDEST:50000000" in answer["ways_out"], f"ways out: {', '.join(answer['ways_out'])}", answer)
        self._pay(3_000_000, order_ref="SO-1005", say="30,000.00 in advance for the order SO-1005")
        answer = self._order("SO-1005", 3_000_000, prepaid_fen=3_000_000)
        stage.check(answer["verdict"] == "APPROVED", "the prepaid order is approved", answer)
        self._ship("SO-1005", 3_000_000)
        stage.events("credit.payment.received.v1", "credit.order.passed.v1", "credit.receivable.settled.v1")

    def contact_within_the_rules(self) -> None:
        """22:01 is refused, 10:00 on a working day is allowed; the customer promises 80,000.00 in five days."""
        stage = self.stage
        stage.chapter("5. The collector calls, within the rules (合规催收)")
        self._move(datetime(2026, 5, 6, 22, 1, tzinfo=SHANGHAI))
        answer = self._check_contact("a call at 22:01 …")
        codes = [reason["code"] for reason in answer["reasons"]]
        refused = not answer["allow"] and "OUTSIDE_HOURS" in codes
        stage.check(refused and answer["retry_at"] is not None, f"is refused: {codes}, again at {answer['retry_at']}", answer)
        stage.events("collection.compliance.refused.v1")
        self._move(datetime(2026, 5, 7, 10, 0, tzinfo=SHANGHAI))
        answer = self._check_contact("a call at 10:00 on a working day …")
        stage.check(answer["allow"], f"is allowed; obligations: {', '.join(answer['obligations'])}", answer)
        attempt = stage.send(
            "collector", "POST", "/attempts", {"token": answer["token"]}, expect=201, say="the attempt is reserved"
        )
        path = f"/attempts/{attempt['id']}"
        stage.send("collector", "POST", f"{path}/start", {}, expect=200, say="the line is dialled")
        finish = {"outcome": "PROMISE", "note": "will pay after the holiday"}
        stage.send("collector", "POST", f"{path}/finish", finish, expect=200, say="the customer promises")
        promise = {"amount_fen": 8_000_000, "promised_on": "2026-05-12"}
        path = f"/collection-cases/{self.case}/promises"
        made = stage.send("collector", "POST", path, promise, expect=201, say="80,000.00 in five days")
        stage.check(made["deadline_on"] == "2026-05-14", "two working days of grace", made)
        stage.events("collection.contact.attempted.v1", "collection.promise.made.v1")

    def promise_broken_once(self) -> None:
        """Nothing is paid: broken at the close of the working day after the deadline, told once."""
        stage = self.stage
        stage.chapter("6. Nothing is paid: the promise is broken, once (破坏付款承诺)")
        self._move(datetime(2026, 5, 15, 20, 0, tzinfo=SHANGHAI))
        for _ in range(2):
            self._close(date(2026, 5, 15))
        broken = stage.events("collection.promise.broken.v1")
        stage.check(len(broken) == 1, "told once, though the day was closed twice", len(broken))
        case = stage.read("collector", f"/collection-cases/{self.case}")
        stage.check(case["promises"][0]["state"] == "BROKEN" and case["state"] == "ACTIVE", "the case is active again", case)

    def paid_bounced_paid_again(self) -> None:
        """Two payments settle everything; one bounces and the case reopens; paid again, it closes."""
        stage = self.stage
        stage.chapter("7. Paid, bounced, paid again (核销、退票)")
        first = self._pay(42_000_000, say="420,000.00 comes in")
        self._pay(8_000_000, say="80,000.00 comes in")
        stage.events("credit.receivable.settled.v1", count=2)
        stage.until(self._case, lambda case: case["state"] == "CLOSED", "both items are settled, the case is closed")
        path = f"/payments/{first['id']}"
        reason = {"reason": "returned by the bank"}
        stage.send("accountant", "POST", f"{path}/reverse", reason, expect=202, say="the first payment bounces: proposed …")
        stage.send("accountant", "POST", f"{path}/confirm", {}, expect=403, say="…not confirmed by the same person")
        stage.send("finance", "POST", f"{path}/confirm", {}, expect=200, say="…but by the head of finance")
        stage.until(self._case, lambda case: case["state"] == "ACTIVE", "the case is open again")
        stage.events("credit.payment.reversed.v1", "collection.case.reopened.v1")
        self._pay(42_000_000, say="paid again")
        stage.until(self._case, lambda case: case["state"] == "CLOSED", "and closed again")
        stage.events("credit.customer.cleared.v1", "collection.case.closed.v1")

    def ledger_adds_up(self) -> None:
        """The invariants, through the API."""
        stage = self.stage
        stage.chapter("The ledger adds up")
        for invariant in stage.read("finance", f"/accounts/{self.customer}/invariants"):
            stage.check(invariant["holds"], f"{invariant['id']:<3} {invariant['rule']}", invariant)
        account = stage.read("finance", f"/accounts/{self.customer}")
        stage.check(account["ar_fen"] == 0, "nothing is owed", account)

    def _order(self, ref: str, amount: int, **more: Any) -> Any:
        body = {"customer_id": self.customer, "order_ref": ref, "amount_fen": amount} | more
        return self.stage.send("erp", "POST", "/order-checks", body, expect=200, say=f"the order check of {ref}")

    def _ship(self, ref: str, amount: int) -> None:
        stage = self.stage
        body = {"customer_id": self.customer, "order_ref": ref, "shipment_ref": f"DN-{ref}", "amount_fen": amount}
        answer = stage.send("accountant", "POST", "/shipment-checks", body, expect=200, say="the shipment check")
        stage.check(answer["verdict"] == "RELEASE", "the goods may leave; the token is good for 24 hours", answer)
        posting = {"token": answer["token"], "shipped_on": str(self.day)}
        stage.send("erp", "POST", "/receivables", posting, expect=201, say="shipped and posted")

    def _pay(self, amount: int, *, say: str, **more: Any) -> Any:
        body = {
            "customer_id": self.customer, "payer_type": "customer", "amount_fen": amount, "value_date": str(self.day),
            "bank_account": "6222020001", "serial": f"{self.stage.steps:06d}",
        }  # fmt: skip
        return self.stage.send("accountant", "POST", "/payments", body | more, expect=201, say=say)

    def _move(self, now: datetime) -> None:
        self.stage.send(
            "admin",
            "PUT",
            "/demo/clock",
            {"now": now.isoformat()},
            expect=200,
            say=f"the clock moves to {now:%Y-%m-%d %H:%M}",
        )
        self.day = now.date()

    def _close(self, day: date) -> None:
        body = {"as_of": str(day)}
        self.stage.send("finance", "POST", "/credit-closes", body, expect=200, say="credit-service closes the day")
        self.stage.send("collect_mgr", "POST", "/collection-closes", body, expect=200, say="collection-service closes behind it")

    def _check_contact(self, say: str) -> Any:
        body = {
            "case_id": self.case, "contact_person_id": self.person, "contact_point_id": self.point, "channel": "CALL",
            "template_version": "call-1",
        }  # fmt: skip
        return self.stage.send("collector", "POST", "/contact-checks", body, expect=200, say=say)

    def _cases(self) -> Any:
        return self.stage.read("collector", f"/collection-cases?customer_id={self.customer}")["items"]

    def _case(self) -> Any:
        return self.stage.read("collector", f"/collection-cases/{self.case}")
