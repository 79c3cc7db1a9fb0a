"""What is compiled: the Python that runs for each event, by mypyc, and some loops in C.

The rest about the package is in pyproject.toml, the reasons in docs/adr/0007-compiled-core.md.
"""

from pathlib import Path

from mypyc.build import mypycify
from setuptools import Extension, setup

ROOT = Path("pipeline")
EVENTS = Path("pipeline/events")
KAFKA = Path("pipeline/adapters/kafka")
REDACTION = Path("pipeline/redaction")
DETECTORS = REDACTION / "detectors"
STORAGE = Path("pipeline/storage")
TASKS = Path("pipeline/tasks")
WINDOWS = Path("pipeline/windows")

# What has to do with a batch, settings or I/O is left to the interpreter, which lets signals and
# other threads in between.
NAMES = {
    ROOT: "amounts",
    REDACTION: """canonical contexts deadline detection_context encoded hints key_names normalise
        one_event operators own_tokens plain pseudonyms spans spoken structure text verifier walk
        walks""",
    REDACTION / "automata": "scanner",
    EVENTS: "decode normalize prices split",
    KAFKA: "fetched",
    STORAGE: "coordinates fields recent_ids rows sorting",
    TASKS: "budgets logical_calls reading state storage summary",
    WINDOWS: """batch cardinality closed_tasks codec contributions digest dimension dimensions
        ended_tasks event_time gathering histories history history_pane journal open_cell open_panes
        open_tasks pane pane_log partial partition publishing retention segment stored_panes
        task_contributions unpacked watermark""",
}
NOT_COMPILED = {DETECTORS / "__init__.py", DETECTORS / "base.py"}


def modules(*folders: Path) -> list[str]:
    """Return the sources to compile in `folders`, whose modules call each other directly."""
    return [str(folder / f"{name}.py") for folder in folders for name in NAMES[folder].split()]


redaction = modules(REDACTION, REDACTION / "automata")
redaction += sorted(map(str, {*DETECTORS.glob("*.py")} - NOT_COMPILED))
rest = modules(ROOT, EVENTS, KAFKA, STORAGE, TASKS, WINDOWS)
loops = sorted(Path("pipeline").rglob("*.c"))
# of their own room, or of one they may import from: they are included by their path from here
headers = sorted(map(str, Path("pipeline").rglob("*.h")))

setup(
    ext_modules=[
        *mypycify(
            [*redaction, *rest],
            opt_level="3",
            debug_level="0",
            # two shared objects, so that two compilers run side by side
            separate=[
                (redaction, "pipeline.redaction.compiled"),
                (rest, "pipeline.compiled"),
            ],
        ),
        *(
            Extension(
                ".".join(path.with_suffix("").parts),
                [str(path)],
                include_dirs=["."],
                depends=headers,
                extra_compile_args=["-O3"],
            )
            for path in loops
        ),
    ],
    options={"build_ext": {"parallel": True}},
)
