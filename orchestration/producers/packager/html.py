"""A draft as a page of HTML that stands alone."""

from html import escape
from pathlib import Path
from typing import Final

from orchestration.producers.packager.drafts import Page

_STYLE: Final = Path(__file__).with_name("draft.css").read_text("utf-8")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Whoever opens the page has the browser see to it, too, that it loads and runs nothing."""


def html_of(page: Page) -> bytes:
    return f"""<!DOCTYPE html>
<html lang="{escape(page.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)}</title>
<style>
{_STYLE}</style>
</head>
<body>
<main dir="auto">
{page.html}</main>
</body>
</html>
""".encode()
