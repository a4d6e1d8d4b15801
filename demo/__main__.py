"""`make demo`: starts a suite of its own, plays the story through the gateway, and says whether every step held."""

import sys
import time

from demo.order_to_cash import START, play
from demo.stage import Stage, StepFailed
from demo.suite import SuiteFailed, started_suite


def main() -> int:
    """0 when every step held, 1 otherwise."""
    begun = time.monotonic()
    try:
        with started_suite(START) as suite:
            stage = Stage(suite)
            play(stage)
    except SuiteFailed as failed:
        print(f"The suite did not start:\n{failed}", file=sys.stderr)
        return 1
    except StepFailed as failed:
        print(f"\n\033[31mThis did not hold: {failed}\033[0m", file=sys.stderr)
        return 1
    print(f"\n\033[32m\033[1m{stage.steps} steps, every one held, in {time.monotonic() - begun:.1f} s\033[0m")
    return 0


if __name__ == "__main__":
    sys.exit(main())
