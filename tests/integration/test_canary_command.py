"""`sluice canary` against the real broker, engine and workers: clean passes, a gap is found."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson

from pipeline.local.stack import LocalStack
from tests.pipeline_harness import topic_values
from tests.services import Workers

CHECKOUT = Path(__file__).resolve().parents[2]


async def canary(workers: Workers, report: Path) -> tuple[int, dict[str, Any], str]:
    """Run the command; return its exit code, its report and what it printed."""
    return await asyncio.to_thread(_canary, dict(workers.environment), report)


def _canary(environment: dict[str, str], report: Path) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "canary"]
    done = subprocess.run(
        [*command, "--timeout", "90", "--json", str(report)],
        env=environment | {"PATH": "/usr/bin:/bin"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert report.is_file(), done.stderr
    return done.returncode, orjson.loads(report.read_bytes()), done.stdout


async def test_nothing_is_found_behind_a_redactor_that_works(
    stack: LocalStack, workers: Workers, tmp_path: Path
) -> None:
    workers.start("redactor")
    workers.start("sink")
    code, report, shown = await canary(workers, tmp_path / "report.json")
    assert report["found"] == []
    assert report["rows"] == report["events"]
    assert code == 0
    assert "nothing was found" in shown
    searched = report["searched"]
    assert searched["tables"] >= 2
    assert searched["system tables"] > 20
    assert searched["topics"] >= 2
    assert searched["logs"] >= 2


async def test_a_gap_in_the_policy_is_found_and_raises_an_alert(
    stack: LocalStack, workers: Workers, tmp_path: Path
) -> None:
    """The negative control: a policy that keeps streets lets them through.

    Names are kept as well: a street may be named after somebody, who would be found in it.
    """
    policy = tmp_path / "gap.yaml"
    policy.write_text(
        "name: gap\ndefault: {entities: {STREET_ADDRESS: keep, PERSON: keep, LOCATION: keep}}\n"
    )
    workers.start("redactor", SLUICE_REDACTION__POLICY_FILE=str(policy))
    workers.start("sink")
    code, report, shown = await canary(workers, tmp_path / "report.json")
    assert code == 1
    assert "canary failed" in shown
    places = {item["place"] for item in report["found"] if item["entity_type"] == "STREET_ADDRESS"}
    assert {"table sluice.events", "topic agent.events.clean"} <= places
    alerts = [value for value in await topic_values(stack.settings, "agent.alerts") if value]
    assert any(b'"redaction-canary"' in value and b'"firing"' in value for value in alerts)
    # no detector is at work: the alert is the command's own, and the only one
    assert await topic_values(stack.settings, "agent.windows.partial") == []
