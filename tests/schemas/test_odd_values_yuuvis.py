"""Values that one database keeps and another does not, or none, in every place where yuuvis takes a value."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.protocol.client import Client, Response
from tests.protocol.databases import on_both_databases
from tests.protocol.yuuvis import (
    BASE,
    FORM,
    HELLO,
    JSON,
    an_email,
    an_imported_email,
    envelope,
    form,
    imported,
    of,
    part,
    shown,
    upload,
    values,
)
from tests.schemas.test_odd_values import VALUES, escaped, none_fails, short

pytestmark = on_both_databases

PROPERTIES = (
    "appEmail:from appEmail:to appEmail:subject appEmail:received appEmail:size appEmail:read table Name amount keywords "
    "anything system:objectId system:objectTypeId objectTypeId system:parentId system:secondaryObjectTypeIds "
    "system:versionNumber system:creationDate system:traceId system:tags system:rmExpirationDate"
).split()
OF_CONTENT = "cid contentStreamId repositoryId fileName mimeType range length digest".split()
PARAMETERS = ("?includePermissions={}", "/versions/{}", "/versions/{}/contents/file", "/history?size={}", "/history?page={}")


def sent(method: str, client: Client, where: str, body: object) -> Response:
    return client(method, where, json.dumps(body), content_type=JSON)


def test_properties(ann: Client) -> None:
    email = an_imported_email(ann)
    document = imported(ann, of(values(system__objectTypeId="document", Name="x")))

    def answers() -> Iterator[tuple[object, Response]]:
        for name in PROPERTIES:
            where = document if name in ("Name", "amount", "keywords") else email
            for value in VALUES:
                yield (name, value), sent("POST", ann, BASE, envelope(of(an_email()["properties"] | {name: {"value": value}})))
                yield (name, [value]), sent("PATCH", ann, where, envelope(of({name: {"value": [value]}})))
        yield "search", sent("POST", ann, f"{BASE}/search", {"query": {"statement": "SELECT * FROM system:object"}})

    none_fails(answers())


def test_tables_and_bare_values(ann: Client) -> None:
    email = an_imported_email(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for value in VALUES:
            for table in (value, {"columnNames": [value], "value": [[value]]}, {"columnNames": value, "value": [[value] * 3]}):
                yield table, sent("PATCH", ann, email, envelope(of({"table": table})))
        yield "read", ann("GET", email)

    none_fails(answers())


def test_content(ann: Client) -> None:
    stream_id = shown(ann, an_imported_email(ann))["contentStreams"][0]["contentStreamId"]

    def answers() -> Iterator[tuple[object, Response]]:
        for name in OF_CONTENT:
            for value in VALUES:
                for stream in ({"cid": "c", name: value}, {"contentStreamId": stream_id, name: value}):
                    body = form(envelope(an_email("x", stream)), part("c", HELLO))
                    response = ann("POST", BASE, body, content_type=FORM)
                    yield (name, value), response
                    if response.status == 200:
                        uuid = response.json["objects"][0]["properties"]["system:objectId"]["value"]
                        yield (name, value), ann("GET", f"{BASE}/{uuid}/contents/file")

    none_fails(answers())


def test_shapes_of_bodies(ann: Client) -> None:
    email = an_imported_email(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for value in VALUES:
            for body in (value, {"objects": value}, {"objects": [value]}, {"objects": [{"properties": value}]}):
                for method, where in (("POST", BASE), ("PATCH", BASE), ("DELETE", BASE), ("POST", email), ("PATCH", email)):
                    yield (method, body), sent(method, ann, where, body)
            streams = {"objects": [{**an_email(), "contentStreams": value}]}
            for where in (BASE, email):
                yield streams, sent("POST", ann, where, streams)

    none_fails(answers())


def test_addresses_and_headers(ann: Client) -> None:
    email = an_imported_email(ann)

    def answers() -> Iterator[tuple[object, Response]]:
        for value in short(VALUES):
            yield value, ann("GET", f"{BASE}/{escaped(value)}")
            for parameter in PARAMETERS:
                yield (parameter, value), ann("GET", email + parameter.format(escaped(value)))
            text = str(value).encode("utf-8", "replace").decode("latin-1").replace("\r", "").replace("\n", "")
            for header in ("content_disposition", "content_type", "x_os_repository_id", "x_b3_traceid", "x_id_tenant_name"):
                yield (header, value), upload(ann, email, **{header: text})

    none_fails(answers())
