"""YAML that remembers its lines, so that a mistake in a policy is reported where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML value with its place: `value` is a scalar, a list or a dict of `Source`s."""

    value: object
    line: int
    name: str
    key_lines: dict[str, int] = field(default_factory=dict)

    def fail(self, message: str, *, line: int | None = None) -> NoReturn:
        """Raise `ConfigError` naming the file and the line."""
        raise ConfigError(f"{self.name}, line {line or self.line}: {message}")

    def mapping(self, what: str) -> dict[str, Source]:
        """Return the value as a mapping; an absent one (null) is empty."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            self.fail(f"{what} must be a mapping")
        return self.value

    def sequence(self, what: str) -> list[Source]:
        """Return the value as a list; an absent one (null) is empty."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.fail(f"{what} must be a list")
        return self.value

    def text(self, what: str) -> str:
        """Return the value as a string; numbers and booleans are not silently turned into one."""
        if not isinstance(self.value, str):
            self.fail(f"{what} must be a string (put it in quotes)")
        return self.value

    def number(self, what: str, low: float, high: float) -> float:
        """Return the value as a number in `[low, high]`."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(f"{what} must be a number")
        if not low <= value <= high:
            self.fail(f"{what} must be between {low:g} and {high:g}")
        return value

    def only(self, allowed: frozenset[str], what: str) -> dict[str, Source]:
        """Return the mapping; a key that is not in `allowed` is an error at that key's line."""
        found = self.mapping(what)
        for key in found:
            if key not in allowed:
                self.fail(
                    f"unknown field {key!r} in {what}; known: {', '.join(sorted(allowed))}",
                    line=self.key_lines[key],
                )
        return found


def read_source(text: str, name: str) -> Source:
    """Parse one YAML document; bad syntax, duplicate keys, aliases and tags raise `ConfigError`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or "cannot be read as YAML"
        raise ConfigError(f"{name}, line {line}: {problem}") from None
    if node is None:
        raise ConfigError(f"{name}, line 1: the file is empty")
    return _convert(node, name)


def _convert(node: yaml.Node, name: str) -> Source:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(node, name, line)
    if isinstance(node, yaml.SequenceNode):
        return Source([_convert(item, name) for item in node.value], line, name)
    scalar = yaml.SafeLoader("")
    try:
        return Source(scalar.construct_object(node), line, name)
    except yaml.YAMLError:
        raise ConfigError(f"{name}, line {line}: the value cannot be read") from None
    finally:
        scalar.dispose()


def _convert_mapping(node: yaml.MappingNode, name: str, line: int) -> Source:
    values: dict[str, Source] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError(f"{name}, line {key_line}: a key must be a plain name")
        key = str(key_node.value)
        if key in values:
            raise ConfigError(
                f"{name}, line {key_line}: {key!r} stands twice, first in line {lines[key]}"
            )
        values[key] = _convert(value_node, name)
        lines[key] = key_line
    return Source(values, line, name, lines)
