"""The agent's side of backpressure: feed it what arrives, ask it what is allowed.

    subscriber = ModeSubscriber()
    ...
    async for message in consumer:                 # agent.backpressure, from the beginning
        subscriber.feed(message.key, message.value)
    ...
    if subscriber.effective(time.time(), tool="refund", agent="support") is Mode.NORMAL:
        await refund()

It needs no connection and no clock of its own. A notice that was not renewed in time counts as
`normal`: when the detector is down, nobody stays stopped. A notice it cannot read changes
nothing and is counted in `rejected`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.detection.modes import ALL, Mode, ModeNotice, Scope
from pipeline.errors import InputError


class ModeSubscriber:
    """The latest notice of each scope."""

    def __init__(self) -> None:
        self._notices: dict[str, ModeNotice] = {}
        self.rejected = 0
        """How many records could not be read."""

    def feed(
        self, key: bytes | str | None, value: bytes | str | Mapping[str, object] | None
    ) -> None:
        """Take one record of the topic; a value of None removes its scope's notice."""
        name = key.decode(errors="replace") if isinstance(key, bytes) else key
        if value is None:
            self._notices.pop(name or "", None)
            return
        try:
            record = json.loads(value) if isinstance(value, bytes | str) else value
            if not isinstance(record, Mapping):
                raise InputError("not a backpressure notice")
            notice = ModeNotice.from_record(record)
        except (ValueError, RecursionError, InputError):
            self.rejected += 1
            return
        held = self._notices.get(notice.scope.key)
        if held is None or notice.issued_at >= held.issued_at:
            self._notices[notice.scope.key] = notice

    def mode(self, scope: Scope | str, now: float) -> Mode:
        """Return the mode of exactly this scope at `now` (seconds since the epoch)."""
        notice = self.notice(scope, now)
        return Mode.NORMAL if notice is None else notice.mode

    def notice(self, scope: Scope | str, now: float) -> ModeNotice | None:
        """Return the notice that holds for this scope, with reason and evidence, if any does."""
        notice = self._notices.get(scope if isinstance(scope, str) else scope.key)
        if notice is None or (notice.expires is not None and now >= notice.expires):
            return None
        return notice

    def effective(
        self,
        now: float,
        *,
        tool: str | None = None,
        agent: str | None = None,
        workflow: str | None = None,
    ) -> Mode:
        """Return the strictest mode of all scopes that apply to what the agent is about to do."""
        named = {"tool": tool, "agent": agent, "workflow": workflow}
        scopes = [ALL, *(Scope(kind, name) for kind, name in named.items() if name)]
        return max((self.mode(scope, now) for scope in scopes), key=lambda mode: mode.rank)
