"""A history as Markdown."""

from __future__ import annotations

from tests.report.histories import eventful, history, in_part, seen, view_of
from tracker.report.history.markdown import render


def test_the_whole_of_an_eventful_history() -> None:
    assert render(eventful()).decode().splitlines() == [
        "# MADE-UP A0001",
        "",
        "- description: Bread, per slice",
        "- **ends** from 2010-01-01 to 2025-03-31, its last valid day",
        "- successor: **B0001** suggested, 20 units for 1: Bread, per slice",
        "- successor: **B0002** declared: Bread, per slice",
        "- predecessor: **C0001** declared: Bread, per slice",
        "- releases: in 2018@1, 2019@1, 2020@1, 2020-07@1; not in 2017@1, 2020-04@1; not told by 2025@1 (an excerpt)",
        "",
        "## Lives",
        "",
        "| Days | State | Description |",
        "| --- | --- | --- |",
        "| 2009-01-01 to 2009-12-31 | reused | Bread, per slice |",
        "| 2010-01-01 to 2025-03-31 | ends | Bread, per slice |",
        "",
        "## Timeline",
        "",
        "- **2017** not in the file",
        "- **2018** in effect from 2010-01-01",
        "  - review: It is new.",
        "  - description: Bread, per slice",
        "- **2019** unchanged, but for letter day or letter in 2019",
        "- **2020** in effect by 2020-01-01",
        "  - review: Its text is another one.",
        "    - old: Bread, per slice",
        "    - new: **new** Bread, per slice",
        "  - note: Repriced.",
        "    - prices: ~~11 (by the hour)~~ → **Bread, per slice, 22 (by the mile)**",
        "- **2020-04** gone by 2020-04-01",
        "  - act: It is not there any more.",
        "- nothing is stored between 2020-04 and 2020-07: what changed in between shows up at 2020-07",
        "- **2020-07** Back in the file, in effect from 2025-04-01",
        "  - act: It has a last day.",
        "  - review: Its text is another one.",
        "    - old: ~~new~~ Bread, per slice",
        "    - new: Bread, per slice",
        "    - old: Bread, per slice",
        "    - new: (none)",
        "  - note: Repriced.",
        "    - prices: ~~Bread, per slice, 22 (by the mile)~~ → (none)",
        "    - remark: (none) → Bread, per slice",
        "  - successor: **B0001** suggested",
    ]


def test_where_values_come_from_is_a_table() -> None:
    sightings = seen("2017", text="Bread"), seen("2018", text="Cake"), in_part("2019", "short", short="Ca")
    found = render(view_of(history(*sightings), fields=["text"])).decode()
    assert found.endswith(
        "## Fields\n\n"
        "| Field | Value | Since | Before | Not known in |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| text | Cake | 2018, in effect by 2018-01-01 | Bread | 2019@1 |\n"
    ), found
    assert "## Timeline" not in found
