"""The stage a story is played on: real logins, requests through the gateway, events waited for, everything printed."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from demo.suite import RunningSuite

EVENT_WITHIN_S = 15
BOLD, DIM, RESET = "\033[1m", "\033[2m", "\033[0m"
RED, GREEN, YELLOW, CYAN = "\033[31m", "\033[32m", "\033[33m", "\033[36m"


class StepFailed(Exception):
    """A step did not hold; the text says what was expected and what came."""


@dataclass
class Stage:
    """One player per login; `failures` counts the steps that did not hold."""

    suite: RunningSuite
    client: httpx.Client = field(init=False)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    position: int = 0
    steps: int = 0
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.suite.address, timeout=70)

    def chapter(self, title: str) -> None:
        """A heading."""
        _say(f"\n{BOLD}{title}{RESET}")

    def note(self, text: str) -> None:
        """A line of explanation."""
        _say(f"  {DIM}{text}{RESET}")

    def send(self, who: str, method: str, path: str, body: Any = None, *, expect: int | set[int], say: str) -> Any:
        """One request as `who`; prints what was sent and what came back. Errors: `StepFailed` on another status."""
        headers = {"Authorization": f"Bearer {self._token(who)}", "Idempotency-Key": str(uuid4())}
        answer = self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        expected = {expect} if isinstance(expect, int) else expect
        held = answer.status_code in expected
        colour = GREEN if held else RED
        _say(f"  {CYAN}{who:<16}{RESET} {method} {path} {DIM}{_short(body)}{RESET}")
        _say(f"  {colour}{answer.status_code:>16}{RESET} {say}")
        if not held:
            came = f"{answer.status_code}: {answer.text[:800]}"
            raise StepFailed(f"{method} {path}: expected {sorted(expected)}, got {came}")
        self.steps += 1
        return answer.json() if answer.content else None

    def check(self, holds: bool, say: str, found: object = "") -> None:
        """A fact of the story. Errors: `StepFailed` when it does not hold."""
        mark = f"{GREEN}✓" if holds else f"{RED}✗"
        _say(f"  {mark:>21}{RESET} {say}")
        if not holds:
            raise StepFailed(f"{say}: found {found!r}")
        self.steps += 1

    def until(self, read: Callable[[], Any], holds: Callable[[Any], bool], say: str) -> Any:
        """Wait (bounded) until what `read` gives satisfies `holds`: facts travel as events."""
        deadline = time.monotonic() + EVENT_WITHIN_S
        while True:
            found = read()
            if holds(found) or time.monotonic() > deadline:
                self.check(holds(found), say, found)
                return found
            time.sleep(0.05)

    def read(self, who: str, path: str) -> Any:
        """A GET that is not printed. Errors: `StepFailed` unless it succeeds."""
        answer = self.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {self._token(who)}"})
        if not answer.is_success:
            raise StepFailed(f"GET {path}: {answer.status_code} {answer.text[:400]}")
        return answer.json()

    def events(self, *types: str, since: int | None = None, count: int = 1) -> list[dict[str, Any]]:
        """Wait for events of these types after the last ones waited for; prints the names of all that flowed."""
        start = self.position if since is None else since
        deadline = time.monotonic() + EVENT_WITHIN_S
        while True:
            page = self._feed_after(start)
            found = [item for item in page if item["type"] in types]
            missing = [name for name in types if sum(item["type"] == name for item in found) < count]
            if not missing:
                break
            if time.monotonic() > deadline:
                raise StepFailed(f"no event {', '.join(missing)}; flowed: {[item['type'] for item in page]}")
            time.sleep(0.05)
        self.position = page[-1]["position"]
        _say(f"  {YELLOW}{'events':>16}{RESET} " + " ".join(_counted([item["type"] for item in page])))
        self.steps += 1
        return found

    def settle_feed(self) -> None:
        """Forget what has flowed so far."""
        page = self._feed_after(self.position)
        self.position = page[-1]["position"] if page else self.position

    def _feed_after(self, position: int) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        while True:
            page = self.read("subscriber", f"/events?after={position}&limit=200")["items"]
            items += page
            if len(page) < 200:
                return items
            position = page[-1]["position"]

    def _token(self, who: str) -> str:
        if self.suite.passwords[who].startswith("sk_"):
            return self.suite.passwords[who]
        token, until = self.tokens.get(who, ("", 0.0))
        if time.monotonic() > until:
            body = {"login": who, "password": self.suite.passwords[who]}
            answer = self.client.post("/api/v1/auth/login", json=body)
            if not answer.is_success:
                raise StepFailed(f"login of {who}: {answer.status_code} {answer.text[:300]}")
            token = answer.json()["access_token"]
            self.tokens[who] = (token, time.monotonic() + answer.json()["expires_in"] - 30)
        return token


def _counted(types: list[str]) -> list[str]:
    counts = {name: types.count(name) for name in dict.fromkeys(types)}
    return [name.removesuffix(".v1") + (f"×{count}" if count > 1 else "") for name, count in counts.items()]


def _short(body: Any) -> str:
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    return text if len(text) <= 150 else text[:147] + "…"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
