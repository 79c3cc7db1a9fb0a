"""Whether what is compiled is what the source says.

Python prefers a compiled module to the source beside it, also to a source that was edited since.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ConfigError

ROOT = Path(__file__).parents[1]


def edited_sources() -> list[str]:
    """Return the sources that were edited after they had been compiled."""
    return [
        str(source.relative_to(ROOT))
        for compiled in sorted((ROOT / "pipeline").rglob("*.so"))
        for source in _sources(compiled.with_name(compiled.name.partition(".")[0]))
        if source.exists() and source.stat().st_mtime > compiled.stat().st_mtime
    ]


def _sources(module: Path) -> list[Path]:
    in_c = module.with_suffix(".c")
    # of whichever room: they include each other
    headers = sorted((ROOT / "pipeline").rglob("*.h")) if in_c.exists() else []
    return [module.with_suffix(".py"), in_c, *headers]


def require_compiled() -> None:
    """Raise `ConfigError` where a benchmark would measure something else than the source."""
    if edited := edited_sources():
        raise ConfigError(f"edited since it was compiled: {', '.join(edited)}", hint="make setup")
    if not list((ROOT / "pipeline").rglob("compiled__mypyc.*.so")):
        raise ConfigError("the core is not compiled", hint="make setup")
