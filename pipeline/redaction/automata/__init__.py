"""Many patterns in one pass over a text: which of them match anywhere in it.

Patterns are parsed (`syntax`), laid out as positions that follow one another (`positions`), turned
into tables of states (`tables`), and run over a text's UTF-8 by a small loop in C (`scan.c`). The
tables are complete before the first text is read: a text nobody has seen costs what any other does.
"""

from pipeline.redaction.automata.scanner import NOTHING, Scanner, check
from pipeline.redaction.automata.syntax import Unsupported
from pipeline.redaction.automata.tables import bits

__all__ = ["NOTHING", "Scanner", "Unsupported", "bits", "check"]
