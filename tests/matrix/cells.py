"""A cell of the matrix: one request by one role in one state at one place, and what is held against its answer."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from tests.matrix.doors import Door
from tests.matrix.model import PLACES, Asking, Outcome, State, Verdict, Zone
from tests.matrix.operations import Operation, Sending
from tests.matrix.worlds import Snapshot, World, hidden_markers
from tests.protocol.client import Response


@dataclass(frozen=True)
class Cell:
    """One request in one state."""

    door: Door
    operation: Operation
    state: State
    zone: Zone

    def __str__(self) -> str:
        return f"{self.door.name}: {self.operation.name} ({self.zone.value}; {self.state.name})"

    def expected(self, world: World) -> tuple[frozenset[int], bool]:
        """Return the statuses that the model allows, and whether the request is let through."""
        asking = Asking(world.role, self.state)
        if self.operation.needs_sign_in and not world.role.signs_in:
            verdict: Verdict = frozenset({Outcome.UNAUTHENTICATED})
        else:
            verdict = self.operation.rule(asking, PLACES[self.zone])
        if verdict:
            statuses = {**self.door.statuses, **self.operation.statuses}
            return frozenset(statuses[one] for one in verdict), False
        return frozenset({self.operation.success}), True

    def sending(self, world: World) -> Sending:
        """Return the request, with the tokens that the state says are submitted."""
        sending = self.operation.make(world, PLACES[self.zone])
        headers = {**world.submitting(self.state), **sending.headers}
        return Sending(quote(sending.target, safe="/%?=&"), sending.body, headers)

    def told(self, world: World, response: Response, sending: Sending) -> set[str]:
        """Return the hidden words that an answer tells and the request did not."""
        said = f"{sending.target} {sending.headers.get('destination', '')} {sending.body!r}"
        text = response.body.decode("utf-8", "replace") + repr(response.headers)
        return {word for word in hidden_markers(world.role) if word in text and word not in said}

    def run(self, world: World, snapshot: Snapshot) -> list[str]:
        """Send the request and return what is wrong with what came of it; the store is as it was afterwards."""
        sending = self.sending(world)
        before = world.fingerprint()
        response = world.ask(self.operation.method, sending.target, sending.body, **sending.headers)
        statuses, is_allowed = self.expected(world)
        wrong: list[str] = []
        if response.status not in statuses:
            wrong.append(f"{response.status} instead of {sorted(statuses)}: {response.body[:200]!r}")
        if told := self.told(world, response, sending):
            wrong.append(f"tells {sorted(told)}")
        if not is_allowed or self.operation.shows is None:
            if world.fingerprint() != before:
                wrong.append(f"{response.status} changed something")
                world.go_back(snapshot)
        else:
            place = PLACES[self.zone]
            shown: list[Response] = []

            def ask(method: str, target: str, body: bytes | str = b"", **headers: str) -> Response:
                shown.append(world.ask(method, target, body, **headers))
                return shown[-1]

            if response.status in statuses and not self.operation.shows(ask, world, place, response):
                wrong.append("what was done does not show")
            told = set().union(*(self.told(world, one, sending) for one in shown))
            if told:
                wrong.append(f"brought {sorted(told)} to light")
            world.go_back(snapshot)
        return wrong
