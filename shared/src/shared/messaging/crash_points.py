"""Named places at which a fault test ends the process as `kill -9` would."""

import os

CRASH_AT = os.environ.get("SUITE_CRASH_AT", "")
POINTS = (
    "command.before_commit",
    "command.after_commit",
    "relay.after_select",
    "relay.after_send",
    "consumer.after_handle",
    "consumer.after_commit",
)


def reach(point: str) -> None:
    """End the process here if `SUITE_CRASH_AT` names this point; otherwise nothing."""
    if point == CRASH_AT:
        os._exit(137)
