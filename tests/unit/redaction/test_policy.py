"""Policies are data: compiled at start, layered by workflow and tenant, errors name the line."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.redaction.policy import compile_policy, default_policy
from pipeline.redaction.spans import ENTITIES


def test_the_default_policy_decides_on_every_entity() -> None:
    policy = default_policy().for_event()
    assert set(policy.operators) == ENTITIES
    assert policy.operators["PERSON"].name == "pseudonym"
    assert policy.operators["LOCATION"].name == "keep"
    assert "LOCATION" not in policy.entities


def test_the_strict_policy_that_ships_compiles_and_keeps_nothing() -> None:
    file = Path(__file__).resolve().parents[3] / "pipeline/redaction/policies/strict.yaml"
    policy = compile_policy(file).for_event()
    assert policy.entities == ENTITIES
    assert set(policy.strictness.values()) == {"strict"}


LAYERED = """
name: layered
default:
  entities: {PERSON: mask}
  hints: {ref: ACCOUNT_ID}
  allow: {values: [ann@example.com]}
workflows:
  refund:
    entities: {PERSON: drop, ZIP_CODE: keep}
tenants:
  acme:
    entities: {PERSON: {operator: replace, with: "[name]"}}
    allow: {values: [Bob@example.com]}
"""


def test_sections_are_laid_over_each_other_tenant_last() -> None:
    policies = compile_policy(LAYERED)
    assert policies.for_event().operators["PERSON"].name == "mask"
    assert policies.for_event(None, "refund").operators["PERSON"].name == "drop"
    both = policies.for_event("acme", "refund")
    assert both.operators["PERSON"].label == "[name]"
    assert both.operators["ZIP_CODE"].name == "keep"
    assert both.hints == {"ref": "ACCOUNT_ID"}
    assert both.allows("bob@EXAMPLE.com")
    assert both.allows("ann@example.com")


def test_a_tenant_without_a_section_shares_the_default_policy() -> None:
    policies = compile_policy(LAYERED)
    assert policies.for_event("unknown", "unknown") is policies.for_event()


def test_the_version_names_the_policy_and_changes_with_its_text() -> None:
    one, two = compile_policy(LAYERED), compile_policy(LAYERED + "\n# edited\n")
    assert one.version.startswith("layered@")
    assert one.version == compile_policy(LAYERED).version
    assert one.version != two.version


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("name: p\ndefault:\n  entities:\n    PERSN: drop\n", 4, "unknown entity 'PERSN'"),
        ("name: p\ndefault:\n  entities:\n    PERSON: hide\n", 4, "unknown operator 'hide'"),
        ("name: p\ndefault:\n  operatr: drop\n", 3, "unknown field 'operatr'"),
        ("name: p\nname: q\n", 2, "'name' stands twice"),
        ("name: p\ndefault:\n  id_shapes:\n    ACCOUNT_ID: ['(a']\n", 4, "not a valid RE2"),
        ("name: p\ndefault:\n  id_shapes:\n    ACCOUNT_ID: ['(?<=a)b']\n", 4, "not a valid RE2"),
        ("name: p\ndefault:\n  hints:\n    ref: NOBODY\n", 4, "unknown entity 'NOBODY'"),
        ("name: p\ndefault:\n  strictness: {code: very}\n", 3, "unknown level 'very'"),
        ("name: p\ndefault: [\n", 3, ""),
        ("name: p\ndefault:\n  entities: {PERSON: {operator: drop, threshold: 2}}\n", 3, "between"),
        ("name: p\ntenants:\n  a:\n    entities: {X: drop}\n", 4, "unknown entity 'X'"),
        ("default: {}\n", 1, "needs a name"),
        ("", 1, "empty"),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        compile_policy(file)
    assert f"{file}, line {line}:" in str(caught.value)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        compile_policy(tmp_path / "absent.yaml")


def test_an_allow_pattern_fits_the_whole_value_only() -> None:
    text = "name: p\ndefault:\n  allow: {patterns: ['[a-z]+@example[.]com']}\n"
    policy = compile_policy(text).for_event()
    assert policy.allows("info@example.com")
    assert not policy.allows("info@example.com.evil.org")
