"""A lifecycle as a picture: statuses in layers from top to bottom, arrows with the events that lead from one to the next.

What leads to the same status from almost everywhere (cancel, hold) is written into the boxes: as arrows it would hide the
rest. Every arrow passes through a place of its own in each layer that it crosses, and its words stand in the first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Any

from flows.lifecycle import BACK, Lifecycle, edges

MANY = 4
"""An event that leads to one status from so many others is written into their boxes."""
_ROUNDS = 24
_BOX, _LINE, _GAP, _MARGIN, _LETTER, _SMALL = 46, 18, 26, 24, 8.9, 6.4
_COLOURS = {
    "cart": "#f1f3f5", "new": "#e7f1ff", "payment_review": "#fff4d6", "processing": "#e3f6e8", "on_hold": "#fff4d6",
    "complete": "#cdeed6", "canceled": "#fbe3e4", "closed": "#eae4f5",
}  # fmt: skip
_STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#1f2933}.n{font-size:14px;font-weight:600}.s{font-size:11px;fill:#52606d}"
    ".e{font-size:11px;fill:#334e68}.b{stroke:#829ab1;stroke-width:1.2}.a{fill:none;stroke:#627d98;stroke-width:1.3}"
    ".d{stroke-dasharray:5 4}"
)

_HEAD = (
    '<defs><marker id="h" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#627d98"/></marker></defs>'
)


@dataclass(slots=True)
class _Place:
    """A box, or where an arrow crosses a layer. `x` is its middle."""

    layer: int
    width: float
    status: str | None = None
    words: str = ""
    x: float = 0
    above: list["_Place"] = field(default_factory=list)
    below: list["_Place"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Arrow:
    source: str
    target: str
    words: str
    is_back: bool
    path: tuple[_Place, ...]


def svg(lifecycle: Lifecycle[Any], title: str, labels: Callable[[str], str] = str) -> str:
    """The picture, as an SVG file's text."""
    arrows, written = _gathered(lifecycle)
    boxes = _boxes(lifecycle, arrows, written, labels)
    drawn = [_through(boxes, source, target, ", ".join(events)) for (source, target), events in arrows.items()]
    layers = _layers([*boxes.values(), *(place for arrow in drawn for place in arrow.path)])
    _arrange(layers)
    tops, height = _tops(layers)
    shift = _MARGIN - min(place.x - place.width / 2 for layer in layers for place in layer)
    width = max(place.x + place.width / 2 for layer in layers for place in layer) + shift + _MARGIN
    notes = _notes(lifecycle, written, labels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 20 * len(notes) + _MARGIN:.0f}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        _HEAD,
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text class="n" x="{_MARGIN}" y="26">{escape(title)}</text>',
        *(_arrow(arrow, boxes, tops, shift) for arrow in drawn),
        *(_box(place, lifecycle, labels, tops, shift) for place in boxes.values()),
        *(_words(place, tops, shift) for arrow in drawn for place in arrow.path if place.words),
        *(
            f'<text class="s" x="{_MARGIN}" y="{height + 20 * (at + 1):.0f}">{escape(note)}</text>'
            for at, note in enumerate(notes)
        ),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _gathered(lifecycle: Lifecycle[Any]) -> tuple[dict[tuple[str, str], list[str]], dict[tuple[str, str], list[str]]]:
    """Arrows with their events; and, for what comes from many, the sources of each (event, target)."""
    sources: dict[tuple[str, str], list[str]] = {}
    for source, event, target in edges(lifecycle):
        if lifecycle.cell(source, event) != BACK:
            sources.setdefault((event, target), []).append(source)
    written = {key: found for key, found in sources.items() if len(found) >= MANY and key[1] in _asides(lifecycle)}
    arrows: dict[tuple[str, str], list[str]] = {}
    for (event, target), found in sources.items():
        for source in found if (event, target) not in written else ():
            arrows.setdefault((source, target), []).append(event)
    return arrows, written


def _asides(lifecycle: Lifecycle[Any]) -> set[str]:
    """Statuses beside the path: where something waits, or has come to nothing."""
    held = {status for status in lifecycle.statuses if any(lifecycle.cell(status, e) == BACK for e in lifecycle.events)}
    return (
        held | {status for status in lifecycle.ends if lifecycle.state_of(status) == "canceled"} | {"void", "invalid"}
    )


def _boxes(
    lifecycle: Lifecycle[Any], arrows: Mapping[tuple[str, str], object], written: Mapping[tuple[str, str], list[str]],
    labels: Callable[[str], str],
) -> dict[str, _Place]:  # fmt: skip
    """A box for each status, in the layer after the last that leads to it; those are counted in twos, arrows between."""
    rank = {status: at for at, status in enumerate(lifecycle.statuses)}
    layer = dict.fromkeys(rank, 0)
    for status, at in rank.items():
        before = [layer[source] + 2 for source, target in arrows if target == status and rank[source] < at]
        layer[status] = max(before, default=0)
    ends = max(layer.values())
    reached = {target for _, target in arrows} | set(lifecycle.starts)
    boxes = {}
    for status in rank:
        chips = _chips(status, written)
        width = max(len(labels(status)) * _LETTER, len(status) * _SMALL, len(chips) * _SMALL) + 24
        boxes[status] = _Place(layer[status] if status in reached else ends, width, status, chips)
    return boxes


def _chips(status: str, written: Mapping[tuple[str, str], list[str]]) -> str:
    return " · ".join(event for (event, _), sources in written.items() if status in sources)


def _through(boxes: Mapping[str, _Place], source: str, target: str, words: str) -> _Arrow:
    """The arrow with a place in every layer between; one that leads back is laid out the other way round."""
    first, last = boxes[source], boxes[target]
    is_back = first.layer >= last.layer
    top, bottom = (last, first) if is_back else (first, last)
    between = [_Place(layer, 14) for layer in range(top.layer + 1, bottom.layer)] or [_Place(top.layer + 1, 14)]
    between[0].words, between[0].width = words, len(words) * _SMALL + 18
    chain = [top, *between, *([bottom] if bottom.layer > top.layer else [])]
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return _Arrow(source, target, words, is_back, tuple(between))


def _layers(places: Sequence[_Place]) -> list[list[_Place]]:
    layers: list[list[_Place]] = [[] for _ in range(max(place.layer for place in places) + 1)]
    for place in places:
        layers[place.layer].append(place)
    return layers


def _arrange(layers: Sequence[list[_Place]]) -> None:
    """Few crossings, and what belongs together above each other: every place goes to the middle of its neighbours."""
    for layer in layers:
        _spread(layer, [0.0] * len(layer))
    for around in range(_ROUNDS):
        is_down = around % 2 == 0
        for layer in layers if is_down else reversed(layers):
            wished = [_middle(place.above if is_down else place.below, place.x) for place in layer]
            pairs = sorted(zip(wished, range(len(layer)), strict=True))
            layer[:] = [layer[at] for _, at in pairs]
            _spread(layer, [wish for wish, _ in pairs])


def _middle(places: Sequence[_Place], otherwise: float) -> float:
    return sum(place.x for place in places) / len(places) if places else otherwise


def _spread(layer: Sequence[_Place], wished: Sequence[float]) -> None:
    """As near to where each wishes to be as their widths allow, the order kept."""
    left = float("-inf")
    xs = []
    for place, wish in zip(layer, wished, strict=True):
        x = max(wish, left + place.width / 2)
        xs.append(x)
        left = x + place.width / 2 + 12
    off = sum(x - wish for x, wish in zip(xs, wished, strict=True)) / len(xs) if xs else 0
    for place, x in zip(layer, xs, strict=True):
        place.x = x - off


def _tops(layers: Sequence[Sequence[_Place]]) -> tuple[list[float], float]:
    tops, y = [], 48.0
    for layer in layers:
        tops.append(y)
        y += (_BOX if any(place.status for place in layer) else _LINE) + _GAP
    return tops, y


def _box(
    place: _Place, lifecycle: Lifecycle[Any], labels: Callable[[str], str], tops: Sequence[float], shift: float
) -> str:
    x, top, status, chips = place.x + shift, tops[place.layer], place.status or "", place.words
    below = chips or (status if labels(status) != status else "")
    ends = ' stroke-width="2.4"' if status in lifecycle.ends else ""
    fill = _COLOURS.get(lifecycle.state_of(status), "#e7f1ff")
    return (
        f'<rect class="b" x="{x - place.width / 2:.1f}" y="{top:.1f}" width="{place.width:.1f}" height="{_BOX}" rx="8"'
        f' fill="{fill}"{ends}/>'
        f'<text class="n" x="{x:.1f}" y="{top + (20 if below else 28):.1f}" text-anchor="middle">'
        f"{escape(labels(status))}</text>"
        f'<text class="s" x="{x:.1f}" y="{top + 37:.1f}" text-anchor="middle">{escape(below)}</text>'
    )


def _arrow(arrow: _Arrow, boxes: Mapping[str, _Place], tops: Sequence[float], shift: float) -> str:
    first, last = boxes[arrow.source], boxes[arrow.target]
    points = [(place.x + shift, tops[place.layer] + _LINE / 2 + 4) for place in arrow.path]
    if arrow.is_back:
        points.reverse()
    start = (first.x + shift, tops[first.layer] + (0 if arrow.is_back and first.layer > last.layer else _BOX))
    end = (last.x + shift, tops[last.layer] + (_BOX if arrow.is_back else 0))
    path = f"M{start[0]:.1f} {start[1]:.1f}"
    for (x0, y0), (x1, y1) in zip([start, *points], [*points, end], strict=True):
        bend = (y0 + y1) / 2
        path += f"C{x0:.1f} {bend:.1f} {x1:.1f} {bend:.1f} {x1:.1f} {y1:.1f}"
    return f'<path class="a{" d" if arrow.is_back else ""}" d="{path}" marker-end="url(#h)"/>'


def _words(place: _Place, tops: Sequence[float], shift: float) -> str:
    x, y = place.x + shift, tops[place.layer] + _LINE / 2 + 4
    width = len(place.words) * _SMALL + 8
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - 8:.1f}" width="{width:.1f}" height="16" rx="4" fill="#fff"/>'
        f'<text class="e" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{escape(place.words)}</text>'
    )


def _notes(
    lifecycle: Lifecycle[Any], written: Mapping[tuple[str, str], list[str]], labels: Callable[[str], str]
) -> list[str]:
    """What the words in the boxes lead to."""
    notes = [f"{event} → {labels(target)}" for event, target in written]
    back = [
        event
        for event in lifecycle.events
        if any(lifecycle.cell(status, event) == BACK for status in lifecycle.statuses)
    ]
    notes += [f"{event} → back to where it was held" for event in back]
    return ["In a box: " + "; ".join(notes)] if notes else []
