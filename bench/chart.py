"""Bar charts as SVG, readable on a light and on a dark page."""

from dataclasses import dataclass
from html import escape

WIDTH, PADDING, GAP = 720, 12, 28
HEAD, LINE, BAR = 30, 18, 12
CHARACTER = 6.5
"""About what a letter of the labels is wide."""


@dataclass(frozen=True)
class Bar:
    """One case: how long its bar is, and what is written behind it."""

    label: str
    length: float
    figure: str
    ours: bool


@dataclass(frozen=True)
class Panel:
    """Bars on one scale, which begins at nothing."""

    title: str
    bars: list[Bar]

    @property
    def height(self) -> int:
        return HEAD + LINE * len(self.bars)


def draw(title: str, rows: list[list[Panel]]) -> str:
    """Return a picture of these panels, in rows of the same number of them."""
    parts = []
    top = PADDING + LINE
    for row in rows:
        width = (WIDTH - 2 * PADDING - GAP * (len(row) - 1)) / len(row)
        for column, panel in enumerate(row):
            parts.append(_panel(panel, PADDING + column * (width + GAP), top, width))
        top += max(panel.height for panel in row) + PADDING
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" '
        f'viewBox="0 0 {WIDTH} {top}" role="img" aria-label="{escape(title)}">\n'
        f"<style>{STYLE}</style>\n"
        f'<text class="title" x="{PADDING}" y="{PADDING + 10}">{escape(title)}</text>\n'
        + "".join(parts)
        + "</svg>\n"
    )


def _panel(panel: Panel, left: float, top: float, width: float) -> str:
    labels = CHARACTER * max(len(bar.label) for bar in panel.bars) + 8
    figures = CHARACTER * max(len(bar.figure) for bar in panel.bars) + 8
    scale = (width - labels - figures) / max(bar.length for bar in panel.bars)
    start = left + labels
    lines = [f'<text class="panel" x="{left:.0f}" y="{top + 18}">{escape(panel.title)}</text>\n']
    for number, bar in enumerate(panel.bars):
        y = top + HEAD + number * LINE
        kind = "ours" if bar.ours else "other"
        length = max(1.0, bar.length * scale)
        lines.append(
            f'<text class="label {kind}" x="{start - 6:.0f}" y="{y + 10}">{escape(bar.label)}</text>'
            f'<rect class="{kind}" x="{start:.0f}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
            f'<text class="{kind}" x="{start + length + 5:.1f}" y="{y + 10}">{escape(bar.figure)}</text>\n'
        )
    return "".join(lines)


STYLE = """
text { font: 11px system-ui, sans-serif; fill: #424a53 }
text.title { font-size: 13px; font-weight: 600 }
text.panel { font-size: 12px; font-weight: 600 }
text.label { text-anchor: end }
text.ours { font-weight: 600; fill: #1f2328 }
rect.ours { fill: #1a7f37 }
rect.other { fill: #afb8c1 }
@media (prefers-color-scheme: dark) {
  text { fill: #9ea7b3 }
  text.ours { fill: #f0f6fc }
  rect.ours { fill: #3fb950 }
  rect.other { fill: #57606a }
}
"""
