"""`sluice settings`: what is in force, and the reference of all settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from rich.markup import escape
from rich.table import Table

from pipeline.cli.console import out
from pipeline.config import Section, Settings, load_settings
from pipeline.errors import InputError

BEGIN = "<!-- settings: written by sluice settings --write -->"
END = "<!-- end of settings -->"


@dataclass(frozen=True)
class SettingDoc:
    """One setting for the reference: its variable, its type, its default, what it is."""

    section: str
    name: str
    kind: str
    default: str
    text: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"SLUICE_{self.section.upper()}__{self.name.upper()}"


@click.command()
@click.option(
    "--write",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bring the reference in this file (docs/configuration.md) up to date.",
)
def command(write: Path | None) -> None:
    """Show the settings in force; secrets as asterisks."""
    if write is not None:
        write.write_text(with_reference(write.read_text(encoding="utf-8")), encoding="utf-8")
        return
    settings = load_settings()
    table = Table("variable", "value", box=None, header_style="dim", pad_edge=False)
    for item in setting_docs():
        value = getattr(getattr(settings, item.section), item.name)
        shown = _shown(value)
        changed = shown != item.default
        table.add_row(item.variable, f"[bold]{escape(shown)}[/]" if changed else escape(shown))
    out.print(table)


def setting_docs() -> Iterator[SettingDoc]:
    """Yield every setting in the order of `pipeline.config`."""
    for section in _sections():
        for name, info in section[1].model_fields.items():
            yield SettingDoc(
                section[0],
                name,
                kind=_kind(info),
                default=_shown(info.default),
                text=(info.description or "").strip().replace("\n", " "),
            )


def reference_markdown() -> str:
    """Return the reference: a heading and a table for each section."""
    docs = list(setting_docs())
    parts = []
    for name, section in _sections():
        parts.append(f"### {name}\n\n{(section.__doc__ or '').strip()}\n")
        parts.append("| variable | value | default | what it is |\n|---|---|---|---|")
        parts += [
            f"| `{item.variable}` | {item.kind} | {_code(item.default)} | {_cell(item.text)} |"
            for item in docs
            if item.section == name
        ]
        parts.append("")
    return "\n".join(parts)


def with_reference(page: str) -> str:
    """Return the page with the reference, as it is now, between its two marks."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise InputError(f"the page needs one line {BEGIN} and one line {END}")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{reference_markdown()}\n{END}{after}"


def _sections() -> list[tuple[str, type[Section]]]:
    return [
        (name, info.annotation)
        for name, info in Settings.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section)
    ]


def _kind(info: FieldInfo) -> str:
    limits = "".join(_limit(item) for item in info.metadata)
    return _type_name(info.annotation) + limits


def _limit(item: Any) -> str:
    if isinstance(item, Ge):
        return f", from {item.ge}"
    if isinstance(item, Gt):
        return f", above {item.gt}"
    if isinstance(item, Le):
        return f", to {item.le}"
    return ""


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if isinstance(annotation, UnionType):
        return _type_name(next(kind for kind in get_args(annotation) if kind is not NoneType))
    names = {
        "int": "number",
        "float": "number",
        "str": "text",
        "bool": "true or false",
        "Path": "path",
        "SecretStr": "secret",
    }
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, name)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return str(value)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
