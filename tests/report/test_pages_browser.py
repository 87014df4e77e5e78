"""Every page in a browser, with texts that attack wherever one can be: no script of theirs runs, nothing is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.report.hostile import ATTACKS, ODD
from tests.report.hostile_views import OUTPUTS
from tests.report.test_html_browser import ARGUMENTS, CHROMIUM
from tracker.model import Format

if TYPE_CHECKING:
    from playwright.sync_api import Page

RUN = "window.attacked = (window.attacked || 0) + 1"
SCRIPTS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"--><script>{RUN}</script>",
    f"]]><svg onload='{RUN}'>",
    f"\"><img src=x onerror='{RUN}'>",
    f'\'><img src=http://127.0.0.1:9/x.png onerror="{RUN}">',
    "<iframe srcdoc='<script>parent.attacked = 1</script>'></iframe>",
    f"<a href='javascript:{RUN}' autofocus onfocus='{RUN}'>x</a>",
    f"javascript:{RUN}",
    f"<body onload='{RUN}'><meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<link rel=stylesheet href=http://127.0.0.1:9/x.css><base href=http://127.0.0.1:9/>",
    f"<form action=http://127.0.0.1:9/><button autofocus>x</button></form><details open ontoggle='{RUN}'>",
    f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;script>{RUN}</script>",
    f"${{{RUN}}} {{{{ {RUN} }}}} `{RUN}`",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror='{RUN}'>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    *ATTACKS.values(),
    *(text for text in ODD.values()),
)


@pytest.mark.parametrize("script", [True, False])
def test_no_text_runs_or_loads_anything_on_any_page(script: bool, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    complaints: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        context = browser.new_context(java_script_enabled=script)
        for name, output in OUTPUTS.items():
            for place, text in enumerate((" ".join(SCRIPTS), " ".join(SCRIPTS[18::-1]))[: 1 + script]):
                path = tmp_path / f"{name}{place}.html"
                path.write_bytes(output.render(text, Format.HTML))
                page: Page = context.new_page()
                page.on("dialog", lambda dialog: complaints.append(dialog.message))
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("console", lambda message: complaints.append(message.text))
                page.on(
                    "request", lambda request: complaints.append(request.url) if ".html" not in request.url else None
                )
                page.goto(path.as_uri())
                if script:
                    assert page.evaluate("() => window.attacked") is None, (name, text)
                own = 0 if name in {"history", "fields"} else 1
                assert page.locator("script").count() == own
                assert (
                    page.locator("img, iframe, object, embed, link, base, body form form, [onload], [onerror]").count()
                    == 0
                )
                assert page.url == path.as_uri()
                page.close()
        browser.close()
    assert complaints == []
