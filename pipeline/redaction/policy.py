"""Policies as data: what becomes of each entity, for whom, compiled and checked at start.

A policy file holds a `default` section and, over it, sections by workflow and by tenant. For one
event the sections are laid over each other in that order: default, then workflow, then tenant.
Mappings merge by key, lists grow, single values are replaced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, cast

import re2

from pipeline.errors import ConfigError
from pipeline.redaction.spans import ENTITIES, STRICT_ENTITIES
from pipeline.redaction.yaml_source import Source, read_source

OperatorName = Literal["pseudonym", "replace", "mask", "drop", "keep"]
Level = Literal["structured", "balanced", "strict"]

OPERATORS: Final = frozenset({"pseudonym", "replace", "mask", "drop", "keep"})
LEVELS: Final = frozenset({"structured", "balanced", "strict"})
REGISTERS: Final = ("free_text", "code", "tool_output")
NO_HINT: Final = "none"

_FILE_FIELDS: Final = frozenset({"name", "default", "workflows", "tenants"})
_SECTION_FIELDS: Final = frozenset(
    {"operator", "entities", "hints", "id_shapes", "default_id_shapes", "allow", "strictness"}
)
_OPERATOR_FIELDS: Final = frozenset({"operator", "threshold", "with", "keep_last"})
_ALLOW_FIELDS: Final = frozenset({"values", "patterns"})


@dataclass(frozen=True, slots=True)
class Operator:
    """What becomes of a value that was found."""

    name: OperatorName
    label: str | None = None
    """replace: the text put in place; None puts `<TYPE>`."""
    keep_last: int = 4
    """mask: this many characters at the end stay, never more than a third of the value."""
    threshold: float = 0.0
    """Findings with a lower score are passed over."""


@dataclass(frozen=True)
class Policy:
    """The rules for one combination of tenant and workflow. Immutable and comparable."""

    operators: Mapping[str, Operator]
    hints: Mapping[str, str]
    """`key` or `parent.key`, in snake case, to an entity, or to `none` to switch a hint off."""
    id_shapes: Mapping[str, tuple[str, ...]]
    default_id_shapes: bool
    allow_values: frozenset[str]
    allow_patterns: tuple[str, ...]
    strictness: Mapping[str, Level]

    @cached_property
    def entities(self) -> frozenset[str]:
        """The entities that are looked for: all but those that are kept."""
        return frozenset(
            entity for entity, operator in self.operators.items() if operator.name != "keep"
        )

    @cached_property
    def _allowed(self) -> re2._Regexp | None:
        if not self.allow_patterns:
            return None
        return re2.compile("|".join(f"(?:{pattern})" for pattern in self.allow_patterns))

    def allows(self, value: str) -> bool:
        """Tell whether `value` stands on the allow-list, as a whole and in any case."""
        if value.casefold() in self.allow_values:
            return True
        allowed = self._allowed
        return allowed is not None and allowed.fullmatch(value) is not None


@dataclass(frozen=True)
class PolicySet:
    """A compiled policy file: the policy for any tenant and workflow."""

    name: str
    version: str
    """`name@hash`; the hash is over the file's text, so that any edit gives a new version."""
    _default: Source
    _workflows: Mapping[str, Source]
    _tenants: Mapping[str, Source]
    _compiled: dict[tuple[str | None, str | None], Policy] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def workflows(self) -> frozenset[str]:
        """The workflows that the file has a section for."""
        return frozenset(self._workflows)

    def for_event(self, tenant_id: str | None = None, workflow: str | None = None) -> Policy:
        """Return the policy of an event; the number of different ones is bounded by the file."""
        scope = (
            tenant_id if tenant_id in self._tenants else None,
            workflow if workflow in self._workflows else None,
        )
        policy = self._compiled.get(scope)
        if policy is None:
            layers = [self._default]
            if scope[1] is not None:
                layers.append(self._workflows[scope[1]])
            if scope[0] is not None:
                layers.append(self._tenants[scope[0]])
            policy = self._compiled[scope] = _compile_layers(layers)
        return policy


def compile_policy(source: Path | str, *, name: str | None = None) -> PolicySet:
    """Compile a policy from a file (a `Path`) or from YAML text (a `str`).

    Raises `ConfigError` naming file and line for: bad YAML, duplicate or unknown keys, unknown
    entities, operators and levels, patterns that RE2 does not accept, numbers out of range.
    """
    if isinstance(source, Path):
        try:
            text = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"the policy file {source} cannot be read as UTF-8 text") from None
        name = name or str(source)
    else:
        text, name = source, name or "policy"
    root = read_source(text, name)
    fields = root.only(_FILE_FIELDS, "the policy file")
    if "name" not in fields:
        root.fail("a policy needs a name")
    declared = fields["name"].text("name")
    if not declared.replace("-", "").replace("_", "").replace(".", "").isalnum():
        fields["name"].fail("a name is made of letters, digits, '-', '_' and '.'")
    digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    empty = Source(None, root.line, name)
    policies = PolicySet(
        name=declared,
        version=f"{declared}@{digest}",
        _default=fields.get("default", empty),
        _workflows=MappingProxyType(fields.get("workflows", empty).mapping("workflows")),
        _tenants=MappingProxyType(fields.get("tenants", empty).mapping("tenants")),
    )
    # every section is compiled now, so that no mistake waits for the event that needs it
    policies.for_event()
    for workflow in policies._workflows:
        policies.for_event(None, workflow)
    for tenant in policies._tenants:
        policies.for_event(tenant, None)
    return policies


def default_policy() -> PolicySet:
    """Compile the policy that ships with Sluice."""
    file = resources.files("pipeline.redaction") / "policies" / "default.yaml"
    return compile_policy(file.read_text(encoding="utf-8"), name="the default policy")


def _compile_layers(layers: list[Source]) -> Policy:
    operators = {
        entity: Operator("keep" if entity in STRICT_ENTITIES else "pseudonym")
        for entity in ENTITIES
    }
    hints: dict[str, str] = {}
    shapes: dict[str, tuple[str, ...]] = {}
    default_shapes = True
    values: set[str] = set()
    patterns: list[str] = []
    strictness: dict[str, Level] = dict.fromkeys(REGISTERS, "balanced")
    for layer in layers:
        fields = layer.only(_SECTION_FIELDS, "a policy section")
        if "operator" in fields:
            general = _operator(fields["operator"])
            operators = {
                entity: old if old.name == "keep" else general for entity, old in operators.items()
            }
        for entity, source in _by_entity(fields.get("entities"), "entities"):
            operators[entity] = _operator(source)
        if "hints" in fields:
            hints |= _hints(fields["hints"])
        for entity, source in _by_entity(fields.get("id_shapes"), "id_shapes"):
            found = tuple(_pattern(item) for item in source.sequence("the shapes of an entity"))
            shapes[entity] = shapes.get(entity, ()) + found
        if "default_id_shapes" in fields:
            flag = fields["default_id_shapes"]
            if not isinstance(flag.value, bool):
                flag.fail("default_id_shapes must be true or false")
            default_shapes = flag.value
        if "allow" in fields:
            allow = fields["allow"].only(_ALLOW_FIELDS, "allow")
            if "values" in allow:
                values |= {
                    item.text("an allowed value").casefold()
                    for item in allow["values"].sequence("values")
                }
            if "patterns" in allow:
                patterns += [_pattern(item) for item in allow["patterns"].sequence("patterns")]
        if "strictness" in fields:
            strictness |= _strictness(fields["strictness"])
    if "strict" in strictness.values():
        # strictness asks for what stands alone; without an operator it would be found and kept
        for entity in STRICT_ENTITIES:
            if operators[entity].name == "keep":
                operators[entity] = Operator("pseudonym")
    return Policy(
        operators=MappingProxyType(operators),
        hints=MappingProxyType(hints),
        id_shapes=MappingProxyType(shapes),
        default_id_shapes=default_shapes,
        allow_values=frozenset(values),
        allow_patterns=tuple(patterns),
        strictness=MappingProxyType(strictness),
    )


def _by_entity(source: Source | None, what: str) -> list[tuple[str, Source]]:
    if source is None:
        return []
    found = source.mapping(what)
    for entity in found:
        if entity not in ENTITIES:
            source.fail(f"unknown entity {entity!r} in {what}", line=source.key_lines[entity])
    return list(found.items())


def _operator(source: Source) -> Operator:
    if isinstance(source.value, str):
        return Operator(_operator_name(source))
    fields = source.only(_OPERATOR_FIELDS, "an operator")
    if "operator" not in fields:
        source.fail("an operator's name is missing")
    name = _operator_name(fields["operator"])
    label = fields["with"].text("with") if "with" in fields else None
    if label is not None and name != "replace":
        fields["with"].fail("'with' belongs to replace")
    if "keep_last" in fields and name != "mask":
        fields["keep_last"].fail("'keep_last' belongs to mask")
    return Operator(
        name,
        label=label,
        keep_last=int(fields["keep_last"].number("keep_last", 0, 8))
        if "keep_last" in fields
        else 4,
        threshold=fields["threshold"].number("threshold", 0, 1) if "threshold" in fields else 0.0,
    )


def _operator_name(source: Source) -> OperatorName:
    name = source.text("an operator")
    if name not in OPERATORS:
        source.fail(f"unknown operator {name!r}; known: {', '.join(sorted(OPERATORS))}")
    return cast(OperatorName, name)


def _hints(source: Source) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in source.mapping("hints").items():
        entity = value.text("a hint's entity")
        if entity != NO_HINT and entity not in ENTITIES:
            value.fail(f"unknown entity {entity!r} in hints")
        if key.count(".") > 1:
            source.fail("a hint is a key or parent.key", line=source.key_lines[key])
        found[key] = entity
    return found


def _pattern(source: Source) -> str:
    pattern = source.text("a pattern")
    try:
        re2.compile(pattern)
    except re2.error:
        source.fail("the pattern is not a valid RE2 pattern")
    return pattern


def _strictness(source: Source) -> dict[str, Level]:
    found: dict[str, Level] = {}
    for register, level in source.only(frozenset(REGISTERS), "strictness").items():
        text = level.text("a level")
        if text not in LEVELS:
            level.fail(f"unknown level {text!r}; known: {', '.join(sorted(LEVELS))}")
        found[register] = cast(Level, text)
    return found
