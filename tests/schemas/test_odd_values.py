"""Values that one database keeps and another does not, or none, in every place where a dialect takes a value.

They are refused, or kept and given back; nothing fails, on either database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

from tests.protocol import gever, okd
from tests.protocol.client import Client, Response
from tests.protocol.databases import on_both_databases

pytestmark = on_both_databases

TEXTS: Final = (
    "", "\0", "a\0b", "\ud800", "\udfff\ud800", "\ufffe\uffff", "\u2028", "😀" * 300, "x" * 100_000, "../..", "%00", "a\r\nb: c"
)  # fmt: skip
NUMBERS: Final = (0, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**400, 1e308, 0.1)
DAYS: Final = (
    "0000-01-01",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "-0001-01-01",
    "2026-02-30",
    "2026-1-5",
    "20260105",
    "٢٠٢٦-٠١-٠٥",
)
INSTANTS: Final = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-05T09:30:60Z", "2026-01-05T24:00:00Z")
OTHERS: Final = (None, True, [], {}, [None], {"\0": "\ud800"}, [["\0"]], {"a": {"b": [2**70, "\ud800"]}})
VALUES: Final[tuple[Any, ...]] = (*TEXTS, *NUMBERS, *DAYS, *INSTANTS, *OTHERS)

_CONTROL: Final = re.compile(r"[^\t -~\x80-\xff]")

OKD_FIELDS: Final = (
    "documentType documentSubtype documentId documentName description retentionPeriodSuggestion receivedDate registrationDate "
    "studentNumber personId associationId sequenceCode person offering consumers enrollmentStartDate anything"
).split()
OKD_PARAMETERS: Final = (
    "documentType documentSubtype documentId studentNumber personId associationId documentName q createdAfter createdBefore "
    "pageNumber pageSize sort"
).split()
GEVER_FIELDS: Final = "@type title description document_date start keywords responsible file id anything".split()
GEVER_ADDRESSES: Final = (
    "/{}",
    "/{}/@lock",
    "/document-1/@history/{}",
    "/document-1/@@download/file?version_id={}",
    "/@users/{}",
    *(f"?{name}={{}}" for name in "b_start b_size include_items fullobjects metadata_fields expand".split()),
)
SERVICES: Final = (
    ("POST", "@lock", "timeout"),
    ("POST", "@lock", "stealable"),
    ("POST", "@unlock", "force"),
    ("POST", "@unlock", "lock_type"),
    ("POST", "@checkin", "comment"),
    ("PATCH", "@history", "version"),
    ("POST", "@copy", "source"),
    ("POST", "@move", "source"),
)


def none_fails(answers: Iterable[tuple[object, Response]]) -> None:
    """Look for answers with a fault of the server, or with a header that a value has torn."""
    failed = [
        (place, response)
        for place, response in answers
        if response.status >= 500 or _CONTROL.search("".join(response.headers.values()))
    ]
    assert failed == []


def escaped(value: object) -> str:
    """Return a value for an address; a lone surrogate as the bytes that some programs make of it."""
    return quote(str(value).encode("utf-8", "surrogatepass"), safe="")


def short(values: Iterable[Any]) -> Iterator[Any]:
    """Leave out what no request line has room for."""
    return (value for value in values if len(str(value)) < 2000)


def test_metadata_of_okd(ann: Client) -> None:
    def answers() -> Iterator[tuple[object, Response]]:
        for name in OKD_FIELDS:
            for value in VALUES:
                form = okd.form(okd.metadata_part(**{name: value}), okd.file_part())
                yield (name, value), ann("POST", okd.BASE, form, content_type=okd.FORM)
        yield "list", ann("GET", f"{okd.BASE}?pageSize=250")

    none_fails(answers())


def test_search_of_okd(ann: Client) -> None:
    ann("POST", okd.BASE, okd.form(okd.metadata_part(), okd.file_part()), content_type=okd.FORM)
    queries = [f"{name}={escaped(value)}" for name in OKD_PARAMETERS for value in short(VALUES)]

    none_fails((query, ann("GET", f"{okd.BASE}?{query}")) for query in queries)


def test_addresses_of_okd(ann: Client) -> None:
    form = okd.form(okd.metadata_part(), okd.file_part())

    none_fails((value, ann("GET", f"{okd.BASE}/{escaped(value)}")) for value in short(VALUES))
    none_fails(
        (value, ann("POST", f"/okd/v1/associations/{escaped(value)}", form, content_type=okd.FORM)) for value in short(VALUES)
    )


def test_files_of_okd(ann: Client) -> None:
    document = ann("POST", okd.BASE, okd.form(okd.metadata_part(), okd.file_part()), content_type=okd.FORM).headers["location"]

    def answers() -> Iterator[tuple[object, Response]]:
        for text in (text.encode("utf-8", "surrogatepass").decode("latin-1") for text in TEXTS):
            yield ("name", text), ann("PATCH", document, "new", content_disposition=f'attachment; filename="{text}"')
            yield (
                ("name", text),
                ann("PATCH", document, "new", content_disposition=f"attachment; filename*=UTF-8''{escaped(text)}"),
            )
            yield ("type", text), ann("PATCH", document, "new", content_type=text)
            for file in (okd.file_part(name=text), okd.file_part(media_type=text)):
                yield ("form", text), ann("POST", okd.BASE, okd.form(okd.metadata_part(), file), content_type=okd.FORM)
            yield "content", ann("GET", f"{document}/download")
            yield "drive", ann("PROPFIND", "/dav/OKD/2026-11", depth="1")
        for value in VALUES:
            yield ("lock", value), ann("POST", f"{document}/_lock", json.dumps({"timeout": value}))

    none_fails(answers())


def test_fields_of_gever(ann: Client) -> None:
    folder = gever.a_dossier(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for name in GEVER_FIELDS:
            for value in VALUES:
                kind = "dossier.businesscasedossier" if name == "title" else "document.document"
                fields = {"@type": f"opengever.{kind}", "title": "Titel", name: value}
                response = gever.send(ann, "POST", folder, fields)
                yield (name, value), response
                if response.status == 201:
                    yield (name, value), gever.send(ann, "PATCH", response.headers["location"], {name: value})
        yield "drive", ann("PROPFIND", folder.removeprefix(gever.ORIGIN).replace(gever.MOUNT, "/dav"), depth="1")
        yield "members", gever.send(ann, "GET", f"{folder}?fullobjects&b_size=1000")

    none_fails(answers())


def test_files_of_gever(ann: Client) -> None:
    folder = gever.a_dossier(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for name in ("data", "encoding", "filename", "content-type"):
            for value in VALUES:
                file = gever.text_file("text", "of unknown.type") | {name: value}
                fields = {"@type": "opengever.document.document", "file": file}
                response = gever.send(ann, "POST", folder, fields)
                yield (name, value), response
                if response.status == 201:
                    yield (name, value), gever.send(ann, "GET", response.headers["location"])
                    yield (name, value), gever.send(ann, "GET", response.headers["location"] + "/@@download/file")

    none_fails(answers())


def test_services_of_gever(ann: Client) -> None:
    folder = gever.a_dossier(ann)
    document = gever.a_document(ann, folder)
    document.check_in(ann, "alpha v1")

    def answers() -> Iterator[tuple[object, Response]]:
        for method, service, name in SERVICES:
            url = folder if service in ("@copy", "@move") else document.url
            for value in (*VALUES, [*TEXTS]):
                document.ask(ann, "POST", "@checkout")
                yield (service, name, value), gever.send(ann, method, f"{url}/{service}", {name: value})

    none_fails(answers())


def test_addresses_and_parameters_of_gever(ann: Client) -> None:
    folder = gever.a_dossier(ann)
    gever.a_document(ann, folder)
    addresses = [f"{folder}{address.format(escaped(value))}" for address in GEVER_ADDRESSES for value in short(VALUES)]

    none_fails((address, gever.send(ann, "GET", address)) for address in addresses)


def test_comments_of_gever_are_shown_on_the_drive(ann: Client) -> None:
    ann.mkcol("/dav/a")
    ann.put("/dav/a/b.txt")
    wanted = '<D:propfind xmlns:D="DAV:"><D:prop><D:comment/><D:displayname/></D:prop></D:propfind>'
    report = '<D:version-tree xmlns:D="DAV:"><D:prop><D:comment/></D:prop></D:version-tree>'

    def answers() -> Iterator[tuple[object, Response]]:
        for text in TEXTS:
            gever.send(ann, "POST", f"{gever.ORIGIN}/gever/a/b.txt/@checkout")
            yield text, gever.send(ann, "POST", f"{gever.ORIGIN}/gever/a/b.txt/@checkin", {"comment": text})
            gever.send(ann, "POST", f"{gever.ORIGIN}/gever/a/b.txt/@cancelcheckout")
        for place in ("/dav/a/", "/dav/a/b.txt", "/dav/a/.versions/b.txt/"):
            yield place, ann("PROPFIND", place, wanted, depth="1")
        yield "report", ann("REPORT", "/dav/a/b.txt", report, depth="0")
        yield "history", gever.send(ann, "GET", f"{gever.ORIGIN}/gever/a/b.txt/@history")

    none_fails(answers())
