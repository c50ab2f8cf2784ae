"""DMN: decision tables in the XML of Camunda Modeler, dmn-js and others."""

from rules.interchange.dmn.reading import import_dmn

__all__ = ["import_dmn"]
