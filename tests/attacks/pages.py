"""What a browser makes of a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote


class Page(HTMLParser):
    """Refuses what no page of davgate has, and keeps the texts and the decoded addresses of links."""

    ELEMENTS: Final = frozenset(
        ["html", "head", "meta", "title", "style", "body", "nav", "a", "bdi", "h1", "table", "tr", "th", "td", "p"]
    )
    ATTRIBUTES: Final = frozenset(["lang", "charset", "name", "content", "class", "href", "title"])

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.texts: list[str] = [""]
        self.links: list[str] = []
        self.feed(body.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.ELEMENTS, tag
        assert {name for name, _ in attrs} <= self.ATTRIBUTES, attrs
        self.texts.append("")
        for name, value in attrs:
            if name == "href":
                assert value is not None and re.fullmatch(r"/[!-~]*", value) and '"' not in value
                self.links.append(unquote(value))

    def handle_endtag(self, tag: str) -> None:
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError("a section")
