"""docs/configuration.md holds every setting as `pipeline.config` has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli.settings import command, setting_docs, with_reference
from pipeline.config import Settings
from pipeline.errors import InputError

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_reference(page) == page, "run: sluice settings --write docs/configuration.md"


def test_every_setting_is_in_the_reference() -> None:
    listed = {item.variable for item in setting_docs()}
    sections = {name: getattr(Settings(), name) for name in Settings.model_fields}
    assert listed == {
        f"SLUICE_{section}__{field}".upper()
        for section, values in sections.items()
        for field in type(values).model_fields
    }


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(InputError):
        with_reference("no marks")


def test_settings_in_force_are_shown_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_CLICKHOUSE__PASSWORD", "s3cret-s3cret")
    monkeypatch.setenv("SLUICE_KAFKA__PARTITIONS", "17")
    shown = CliRunner().invoke(command).output
    lines = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.strip()}
    assert lines["SLUICE_KAFKA__PARTITIONS"] == ["17"]
    assert lines["SLUICE_CLICKHOUSE__PASSWORD"] == ["**********"]
    assert "s3cret" not in shown
