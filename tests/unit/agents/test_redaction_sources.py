"""Policy and key files that change while the redactor runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agents.redaction_sources import CHECK_SECONDS, RedactionSources, load_keyring, load_policies
from agents.redactor import event_redactor
from pipeline.config import RedactionSettings
from pipeline.errors import ConfigError

FIRST_KEY = "a first key of some length"
SECOND_KEY = "a second key of some length"


def write(path: Path, text: str) -> None:
    """Replace a file as editors and mounted secrets do: by another file."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def settings_with(tmp_path: Path) -> RedactionSettings:
    policy, keys = tmp_path / "policy.yaml", tmp_path / "keys"
    write(policy, "name: first\ndefault: {}\n")
    write(keys, f"k1:{FIRST_KEY}\n")
    return RedactionSettings(policy_file=policy, key_file=keys)


def test_a_changed_policy_is_taken_over_between_batches(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    counted: Counter[str] = Counter()
    sources = RedactionSources(settings, lambda result: counted.update([result]))
    redactor = event_redactor(settings)
    sources.refresh(redactor, 100.0)
    before = redactor.policy_version
    assert not counted

    write(tmp_path / "policy.yaml", "name: second\ndefault: {}\n")
    sources.refresh(redactor, 100.0 + CHECK_SECONDS / 2)
    assert redactor.policy_version == before
    sources.refresh(redactor, 100.0 + CHECK_SECONDS)
    assert redactor.policy_version.startswith("second@")
    assert counted == {"done": 1}


@pytest.mark.parametrize("broken", ["default: [", "name: x\ndefault: {entities: {NO_SUCH: {}}}\n"])
def test_a_broken_policy_leaves_the_old_one_in_force(tmp_path: Path, broken: str) -> None:
    settings = settings_with(tmp_path)
    counted: Counter[str] = Counter()
    sources = RedactionSources(settings, lambda result: counted.update([result]))
    redactor = event_redactor(settings)
    before = redactor.policy_version
    write(tmp_path / "policy.yaml", broken)
    sources.refresh(redactor, 100.0)
    assert redactor.policy_version == before
    assert counted == {"failed": 1}

    # a file that goes away is no policy either, and its return is taken over
    (tmp_path / "policy.yaml").unlink()
    sources.refresh(redactor, 110.0)
    assert redactor.policy_version == before
    write(tmp_path / "policy.yaml", "name: third\ndefault: {}\n")
    sources.refresh(redactor, 120.0)
    assert redactor.policy_version.startswith("third@")
    assert counted == {"failed": 2, "done": 1}


def test_keys_rotate_in_mid_stream(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    sources = RedactionSources(settings, lambda _: None)
    redactor = event_redactor(settings)

    def mail() -> str:
        [result] = redactor.redact_batch(
            [{"event_id": "e", "session_id": "s", "output": "to ann@example.org"}]
        )
        return result.payload.decode()  # type: ignore[union-attr]

    assert "<EMAIL_ADDRESS:k1:" in mail()
    write(tmp_path / "keys", f"k2:{SECOND_KEY}\nk1:{FIRST_KEY}\n")
    sources.refresh(redactor, 100.0)
    assert "<EMAIL_ADDRESS:k2:" in mail()


@pytest.mark.parametrize("text", ["", "k1", f"k1:{FIRST_KEY}\nk1:{SECOND_KEY}", "k1:short"])
def test_a_wrong_key_file_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    settings = settings_with(tmp_path)
    write(tmp_path / "keys", text)
    with pytest.raises(ConfigError) as refused:
        load_keyring(settings)
    for secret in (FIRST_KEY, SECOND_KEY, "short"):
        assert secret not in str(refused.value).replace("shorter", "")


def test_without_files_the_shipped_policy_and_the_plain_key_serve() -> None:
    settings = RedactionSettings.model_validate({"key_id": "a1", "key": FIRST_KEY})
    assert load_keyring(settings).key_id == "a1"
    assert load_policies(settings).name
