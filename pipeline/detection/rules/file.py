"""Reads a rule file. An error names file and line, and nothing of the file is used then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.detection.measures import mistake_in
from pipeline.detection.rules.model import RuleSet
from pipeline.errors import ConfigError

DEFAULT_FILE = "default.yaml"
Location = Sequence[str | int]


def default_rules() -> RuleSet:
    """Return the rules that ship with Sluice."""
    text = resources.files(__package__).joinpath(DEFAULT_FILE).read_text(encoding="utf-8")
    return parse_rules(text, DEFAULT_FILE)


def load_rules(path: Path | None = None) -> RuleSet:
    """Read and compile a rule file; without a path, the rules that ship with Sluice.

    Raises:
        ConfigError: the file cannot be read or something in it is wrong; a caller that already
            has rules keeps them.
    """
    if path is None:
        return default_rules()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {type(error).__name__}: cannot read the rules") from None
    return parse_rules(text, str(path))


def parse_rules(text: str, source: str) -> RuleSet:
    """Compile the YAML text of a rule file; `source` is its name in error messages.

    Raises:
        ConfigError: one line for each mistake, each with `source:line`.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{source}:{line}: {error.problem}") from None
    except yaml.YAMLError:
        raise ConfigError(f"{source}:1: not a YAML text") from None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{source}:1: expected a mapping with version and rules")
    mistakes = list(_repeated_keys(root))
    rules: RuleSet | None = None
    try:
        rules = RuleSet.model_validate(values)
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False, include_context=False):
            where, named = _find(root, item["loc"])
            mistakes.append((_line(where), f"{named}: {item['msg']}" if named else item["msg"]))
    if rules is not None:
        mistakes.extend((_line(_find(root, loc)[0]), why) for loc, why in _references(rules))
    if mistakes or rules is None:
        raise ConfigError(
            "\n".join(f"{source}:{line}: {why}" for line, why in sorted(set(mistakes))),
            hint="the rules in use stay as they were; `sluice rules --check FILE` checks a file",
        )
    return rules


def _references(rules: RuleSet) -> Iterator[tuple[Location, str]]:
    """Yield what each entry for itself cannot know: names that point at nothing."""
    by_name = {rule.name: rule for rule in rules.rules}
    for index, rule in enumerate(rules.rules):
        if mistake := mistake_in(rule.measure, frozenset(rule.per)):
            yield ("rules", index, "measure"), mistake
    for index, inhibition in enumerate(rules.inhibitions):
        for side in ("source", "target"):
            for position, name in enumerate(getattr(inhibition, side)):
                if name not in by_name:
                    yield ("inhibitions", index, side, position), f"there is no rule {name!r}"
                elif missing := set(inhibition.equal) - set(by_name[name].per):
                    labels = ", ".join(sorted(missing))
                    yield ("inhibitions", index, "equal"), f"rule {name!r} has no label {labels}"
    if cycle := _inhibition_cycle(rules):
        yield ("inhibitions",), f"rules inhibit each other in a circle: {' -> '.join(cycle)}"
    for index, pressure in enumerate(rules.pressures):
        asking = by_name.get(pressure.rule)
        if asking is None:
            yield ("backpressure", index, "rule"), f"there is no rule {pressure.rule!r}"
        elif pressure.scope != "all" and pressure.scope not in asking.per:
            yield (
                ("backpressure", index, "scope"),
                f"rule {asking.name!r} is not per {pressure.scope}",
            )


def _inhibition_cycle(rules: RuleSet) -> list[str]:
    """Return a circle of rules that inhibit each other: none of them could ever fire."""
    targets: dict[str, set[str]] = {}
    for inhibition in rules.inhibitions:
        for source in inhibition.source:
            targets.setdefault(source, set()).update(inhibition.target)

    def walk(path: list[str]) -> list[str]:
        for target in sorted(targets.get(path[-1], ())):
            if target in path:
                return [*path[path.index(target) :], target]
            if found := walk([*path, target]):
                return found
        return []

    return next((found for source in sorted(targets) if (found := walk([source]))), [])


def _find(root: yaml.Node, location: Location) -> tuple[yaml.Node, str]:
    """Return the node nearest to a pydantic location, and the location in words.

    Parts that the file does not have (a missing field, the kind that pydantic adds for a union)
    are passed over, so the line is that of the innermost thing that is there.
    """
    node, words = root, []
    for part in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    node = value
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part] if part < len(node.value) else node
        words.append(str(part))
    return node, ".".join(words)


def _line(node: yaml.Node) -> int:
    """Return the line of a node, counted from 1."""
    return int(node.start_mark.line) + 1


def _repeated_keys(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yield keys that stand twice in one mapping: YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield _line(key), f"{key.value} stands here twice"
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value)
