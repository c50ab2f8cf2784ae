"""The words of DMN's XML, and ours beside them.

What a table of ours says and DMN cannot stands in attributes of a namespace of our own, which other tools
keep, so that a table comes back as it went.
"""

from collections.abc import Mapping

from rules.interchange.dmn.elements import Element

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
DIAGRAM = "https://www.omg.org/spec/DMN/20191111/DMNDI/"
BOUNDS = "http://www.omg.org/spec/DMN/20180521/DC/"
LINES = "http://www.omg.org/spec/DMN/20180521/DI/"
OURS = "urn:steward:rules"

VERSIONS: Mapping[str, str] = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    MODEL: "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}

TYPES: Mapping[str, str] = {
    "": "",
    "Any": "",
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "integer": "integer",
    "long": "integer",
    "double": "number",
}
"""The types of columns, as `rules.interchange.columns` names them; the last three are of older modellers."""


def said_by(element: Element, name: str) -> str:
    """What an element says in our own namespace."""
    return element.attributes.get(f"{OURS} {name}", "")
