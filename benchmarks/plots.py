"""Two kinds of plot as SVG: bars in groups, and lines."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 56, 48
COLOURS = ("#2f6f9f", "#c8752d", "#5f8f3e", "#8a5a9c", "#9c4a4a")
_STYLE = "font: 12px system-ui, sans-serif; fill: #333"


def bars(
    title: str, *, groups: Sequence[str], series: Mapping[str, Sequence[float]], x_label: str, y_label: str
) -> str:
    """Draw one bar for each series in each group; zero is at the bottom."""
    top = _ceiling(value for values in series.values() for value in values)
    slot = (WIDTH - LEFT - RIGHT) / len(groups)
    width = slot * 0.8 / len(series)
    parts = [*_frame(title, x_label=x_label, y_label=y_label, top=top), *_legend(series)]
    for number, group in enumerate(groups):
        left = LEFT + slot * (number + 0.1)
        parts.append(_text(left + slot * 0.4, HEIGHT - BOTTOM + 16, group))
        for place, values in enumerate(series.values()):
            y = _y(values[number], top)
            parts.append(
                f'<rect x="{left + place * width:.1f}" y="{y:.1f}" width="{width * 0.92:.1f}" '
                f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{_colour(place)}"/>'
            )
            parts.append(_text(left + (place + 0.46) * width, y - 4, _figure(values[number])))
    return _document(parts)


def lines(
    title: str,
    *,
    series: Mapping[str, Sequence[tuple[float, float]]],
    x_label: str,
    y_label: str,
) -> str:
    """Draw one line for each series of points; the x axis is logarithmic and ends with the points."""
    points = [point for values in series.values() for point in values]
    top = _ceiling(y for _, y in points)
    low, high = math.log10(min(x for x, _ in points)), math.log10(max(x for x, _ in points))

    def place(x: float) -> float:
        share = (math.log10(x) - low) / (high - low) if high > low else 0.5
        return LEFT + 24 + share * (WIDTH - LEFT - RIGHT - 48)

    parts = [*_frame(title, x_label=x_label, y_label=y_label, top=top), *_legend(series)]
    parts += [_text(place(x), HEIGHT - BOTTOM + 16, _figure(x)) for x in sorted({x for x, _ in points})]
    for number, values in enumerate(series.values()):
        colour = _colour(number)
        path = " ".join(f"{place(x):.1f},{_y(y, top):.1f}" for x, y in values)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{place(x):.1f}" cy="{_y(y, top):.1f}" r="3" fill="{colour}"/>' for x, y in values
        ]
    return _document(parts)


def _frame(title: str, *, x_label: str, y_label: str, top: float) -> Iterator[str]:
    yield f'<text x="{LEFT}" y="20" style="font: bold 14px system-ui, sans-serif">{escape(title)}</text>'
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label)
    yield f'<g transform="rotate(-90 14 {HEIGHT / 2})">{_text(14, HEIGHT / 2, y_label)}</g>'
    for step in range(5):
        value = top * step / 4
        y = _y(value, top)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield _text(LEFT - 6, y + 4, _figure(value), anchor="end")


def _legend(series: Mapping[str, object]) -> Iterator[str]:
    left = LEFT
    for number, name in enumerate(series):
        yield f'<rect x="{left}" y="30" width="10" height="10" fill="{_colour(number)}"/>'
        yield _text(left + 15, 39, name, anchor="start")
        left += 40 + 7 * len(name)


def _document(parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    return "\n".join([head, ground, *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{_STYLE}">{escape(text)}</text>'


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _ceiling(values: Iterator[float]) -> float:
    """Return the next round number above all values: the top of the axis."""
    most = max(values, default=0) or 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    return next(unit * step for step in (1, 2, 4, 8, 10, 20) if unit * step >= most)


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"
