"""Plots as SVG."""

from xml.etree import ElementTree

from benchmarks.plots import bars, lines

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_high_as_their_values() -> None:
    plot = bars("t", groups=["a", "b"], series={"s": [10.0, 5.0]}, x_label="x", y_label="y")

    fills = [bar for bar in ElementTree.fromstring(plot).iter(f"{SVG}rect") if bar.get("y") != "30"][1:]
    high, low = (float(bar.get("height", "0")) for bar in fills)
    assert high == 2 * low


def test_each_series_has_its_line_through_all_of_its_points() -> None:
    points = [(1.0, 1.0), (10.0, 2.0), (100.0, 3.0)]

    plot = lines("t", series={"s": points, "u": points[:2]}, x_label="x", y_label="y")

    drawn = [line.get("points", "").split() for line in ElementTree.fromstring(plot).iter(f"{SVG}polyline")]
    assert [len(line) for line in drawn] == [3, 2]
    first, second, third = (float(point.split(",")[0]) for point in drawn[0])
    assert third - second == second - first  # the axis is logarithmic


def test_names_cannot_break_the_document() -> None:
    plot = bars("a < b & c", groups=["<"], series={"&": [1.0]}, x_label="<", y_label="&")

    assert "a < b & c" in ElementTree.fromstring(plot).itertext()
