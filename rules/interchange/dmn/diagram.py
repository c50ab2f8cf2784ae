"""The picture of decisions and their input data that modellers open with."""

from collections.abc import Iterator, Mapping, Sequence

from rules.interchange.dmn.markup import Tag

_WIDTH, _HEIGHT, _GAP = 180, 80, 60
_LEFT, _TOP = 160, 100


def diagram(rows: Sequence[Sequence[str]], requirements: Mapping[str, tuple[str, str]]) -> Tag:
    """Elements by id, row below row; each requirement is a line from what is required to what requires it."""
    corners = {
        name: (_LEFT + n * (_WIDTH + _GAP), _TOP + row * 3 * _HEIGHT)
        for row, names in enumerate(rows)
        for n, name in enumerate(names)
    }
    shapes = [_shape(name, corner) for name, corner in corners.items()]
    edges = [_edge(name, corners[ends[0]], corners[ends[1]]) for name, ends in requirements.items()]
    return Tag("dmndi:DMNDI", {}, [Tag("dmndi:DMNDiagram", {"id": "diagram"}, [*shapes, *edges])])


def _shape(name: str, corner: tuple[int, int]) -> Tag:
    bounds = {"height": str(_HEIGHT), "width": str(_WIDTH), "x": str(corner[0]), "y": str(corner[1])}
    return Tag("dmndi:DMNShape", {"id": f"shape_{name}", "dmnElementRef": name}, [Tag("dc:Bounds", bounds)])


def _edge(name: str, start: tuple[int, int], end: tuple[int, int]) -> Tag:
    return Tag(
        "dmndi:DMNEdge",
        {"id": f"edge_{name}", "dmnElementRef": name},
        [Tag("di:waypoint", point) for point in _points(start, end)],
    )


def _points(start: tuple[int, int], end: tuple[int, int]) -> Iterator[dict[str, str]]:
    """From the top of what is required to the bottom of what requires it."""
    yield {"x": str(start[0] + _WIDTH // 2), "y": str(start[1])}
    yield {"x": str(end[0] + _WIDTH // 2), "y": str(end[1] + _HEIGHT)}
