"""DMN: decision tables in the XML of Camunda Modeler, dmn-js and others."""

from rules.interchange.dmn.reading import import_dmn
from rules.interchange.dmn.writing import export_dmn

__all__ = ["export_dmn", "import_dmn"]
