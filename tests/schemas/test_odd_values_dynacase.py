"""Odd values in every place where Dynacase takes one: see ``test_odd_values``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from tests.protocol.client import Client, Response
from tests.protocol.databases import on_both_databases
from tests.protocol.dynacase import ARTICLES, BASE, JSON, URLENCODED, article, checked
from tests.protocol.okd import FORM, Part, form
from tests.schemas.test_odd_values import TEXTS, VALUES, escaped, none_fails, short

pytestmark = on_both_databases

ATTRIBUTES = "my_title my_description my_level my_date my_color my_tags my_file my_annexes my_secret nope".split()
SEVERAL = ("my_tags", "my_annexes")
NUMBERS_AND_DATES = ("my_level", "my_date")
PARAMETERS = "fields slice offset orderBy alt revise".split()
DOCUMENTED = ("API0211", "API0212")


def none_fails_but_as_documented(answers: Iterable[tuple[object, Response]]) -> None:
    """Look for faults of the server; two refusals have such a status in the original, too."""
    none_fails((place, answer) for place, answer in answers if not is_documented(answer))


def is_documented(answer: Response) -> bool:
    return answer.status == 500 and checked(answer)["messages"][0]["code"] in DOCUMENTED


def test_attributes(ann: Client) -> None:
    document = article(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for name in ATTRIBUTES:
            for value in VALUES:
                said: dict[str, object] = {"value": [value, value] if name in SEVERAL else value}
                changed, new = {name: said}, {"my_title": {"value": "x"}, name: said}
                yield (name, value), ann("PUT", document, json.dumps({"document": {"attributes": changed}}), content_type=JSON)
                yield (name, value), ann("POST", ARTICLES, json.dumps({"attributes": new}), content_type=JSON)
        yield "list", ann("GET", f"{ARTICLES}?slice=all&fields=document.attributes,document.properties.all")

    none_fails_but_as_documented(answers())


def test_bodies(ann: Client) -> None:
    document = article(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for value in VALUES:
            for body in (value, {"document": value}, {"document": {"attributes": value}}):
                yield body, ann("PUT", document, json.dumps(body), content_type=JSON)
                yield body, ann("POST", ARTICLES, json.dumps(body), content_type=JSON)
            named = {"document": {"properties": {"name": value}, "attributes": {"my_title": {"value": "x"}}}}
            yield named, ann("POST", ARTICLES, json.dumps(named), content_type=JSON)

    none_fails_but_as_documented(answers())


def test_forms(ann: Client) -> None:
    document = article(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for value in VALUES:
            for name in NUMBERS_AND_DATES:
                yield (name, value), ann("PUT", document, f"{name}={escaped(value)}", content_type=URLENCODED)
        for text in TEXTS:
            said = text.encode("utf-8", "surrogatepass")
            for part in (Part("my_title", said), Part("my_file", said, "a.txt", "text/plain")):
                yield text, ann("PUT", document, form(part), content_type=FORM)
            yield ("name", text), ann("PUT", document, f"{escaped(text)}=1", content_type=URLENCODED)
        for text in (text.encode("utf-8", "surrogatepass").decode("latin-1") for text in TEXTS):
            for file in (Part("my_file", b"x", text), Part("my_annexes", b"x", "a", text)):
                yield ("file", text), ann("PUT", document, form(file), content_type=FORM)
                yield ("file", text), ann("GET", document)

    none_fails_but_as_documented(answers())


def test_addresses_and_parameters(ann: Client) -> None:
    document = article(ann)
    places = [document, ARTICLES, f"{BASE}/families/"]
    queries = [f"{place}?{name}={escaped(value)}" for place in places for name in PARAMETERS for value in short(VALUES)]
    addresses = [
        address.format(escaped(value))
        for address in (f"{BASE}/{{}}", f"{BASE}/documents/{{}}", f"{BASE}/families/{{}}", f"{BASE}/families/{{}}/documents/4")
        for value in short(VALUES)
    ]

    none_fails((target, ann("GET", target)) for target in (*queries, *addresses))
    none_fails((target, ann("DELETE", target)) for target in addresses)
