"""The demo's story is a journey: every step holds on both buses."""

from demo.order_to_cash import play
from demo.stage import Stage
from demo.suite import RunningSuite


def test_order_to_cash(suite: RunningSuite) -> None:
    """CR-46, CR-57, CR-58, CL-03, CL-13, CL-21, CL-30, CL-34: from the line to the bounced payment."""
    stage = Stage(suite)
    play(stage)
    assert stage.steps > 80
