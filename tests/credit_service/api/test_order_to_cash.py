"""From the line to the bounced payment, through the API of one service."""

from datetime import timedelta

from tests.credit_service.house import House, codes


async def test_the_whole_story_adds_up(house: House) -> None:
    """CR-57, CR-58, CL-01, CL-13: reduced to what is available, shipped, posted, paid, bounced, paid again."""
    customer = await house.with_line(50_000_000)
    await house.shipped(customer, "SO-1", 42_000_000)
    reduced = await house.order(customer, "SO-2", 12_000_000, accept_partial=True)
    assert (reduced["verdict"], reduced["approved_fen"]) == ("REDUCED", 8_000_000)
    token = (await house.release(customer, "SO-2", "DN-2", 8_000_000))["token"]
    posted = await house.erp.post("/receivables", {"token": token, "shipped_on": str(house.today)}, expect=201)
    assert posted["due_on"] == str(house.today + timedelta(days=60))
    assert (await house.account(customer))["available_fen"] == 0
    suspended = await house.order(customer, "SO-3", 100)
    assert (suspended["verdict"], codes(suspended)) == ("SUSPENDED", ["LIMIT_EXCEEDED"])
    first = await house.pay(customer, 42_000_000)
    second = await house.pay(customer, 8_000_000)
    assert (await house.account(customer))["ar_fen"] == 0
    await house.reverse(first["id"])
    assert (await house.account(customer))["ar_fen"] == 42_000_000
    await house.pay(customer, 42_000_000)
    account = await house.account(customer)
    assert (account["ar_fen"], account["unapplied_fen"], account["available_fen"]) == (0, 0, 50_000_000)
    assert second["on_account_fen"] == 0
    await house.assert_sound(customer)
