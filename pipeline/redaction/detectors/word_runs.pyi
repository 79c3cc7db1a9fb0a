from pipeline.redaction.detectors.name_runs import Part

INTERFACE: int

def unread(
    text: str, known: dict[str, tuple[Part, ...]], /
) -> list[tuple[int, str, tuple[Part, ...] | None]]: ...
