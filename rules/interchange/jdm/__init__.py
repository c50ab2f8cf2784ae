"""JDM: the decision tables in a JSON graph of GoRules."""

from rules.interchange.jdm.reading import import_jdm

__all__ = ["import_jdm"]
