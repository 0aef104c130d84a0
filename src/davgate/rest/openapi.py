"""The OpenAPI 3.1 document of a dialect, made of its operations."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate import __version__
from davgate.http.headers import parse_tags
from davgate.http.requests import Environ
from davgate.http.responses import STATUS_LINES, Response, empty, whole
from davgate.model import etag
from davgate.model.conditions import ANY
from davgate.model.frozen import frozen
from davgate.rest import tus
from davgate.rest.operations import BYTES, JSON, Answer, AnyOf, Body, Dialect, Json, Multipart, Operation, Raw, Urlencoded

Schema = Mapping[str, Any]

_SEGMENT: Final = {"type": "string", "minLength": 1, "pattern": r"^[^\u0000-\u001f\u007f\ufffe\uffff]+$"}
"""What any variable part of a path is: a name as the drive has it."""
_NAME: Final = {"pattern": r'^[^\u0000-\u001f\u007f"\\]*$'}
"""What any field of a form is called: nothing that would have to be escaped (RFC 7578, 2)."""
_TAGS: Final = {"type": "string", "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$'}
_CHECKSUM: Final = "^(md5 [A-Za-z0-9+/]{21}[AQgw]==|(sha1 [A-Za-z0-9+/]{26}|sha256 [A-Za-z0-9+/]{42})[AEIMQUYcgkosw048]=)$"
_BYTES: Final = {"type": "integer", "minimum": 0, "maximum": 10**15}
_HEADERS: Final = {
    "If-Match": _TAGS,
    "If-None-Match": _TAGS,
    "If": {"type": "string", "pattern": "^[(](Not )?<[!#-;=?-~]+>[)]$"},
    "Lock-Token": {"type": "string", "pattern": "^(<[!#-;=?-~]+>|[!#-;=?-~]+)$"},
    "Tus-Resumable": {"type": "string", "enum": [tus.VERSION]},
    "Upload-Length": _BYTES,
    "Upload-Offset": _BYTES,
    "Content-Disposition": {"type": "string", "pattern": '^[a-z-]+(; filename="[A-Za-z0-9 ._-]*")?$'},
    "Upload-Checksum": {"type": "string", "pattern": _CHECKSUM},
    "Upload-Metadata": {"type": "string", "pattern": "^[A-Za-z0-9_.-]+( ([A-Za-z0-9+/]{4})*)?$"},
}
"""Headers that are refused when they cannot be read; any other counts as not sent then."""
_OF_REFUSALS: Final[Mapping[int, tuple[str, ...]]] = {HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ("Content-Range",)}
"""The headers that a refusal always has, by its status."""
_REQUIRED: Final = ("Tus-Resumable", "Upload-Length", "Upload-Offset")
_VARIABLE = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_REFERENCE: Final = "#/components/schemas/"
_SECURITY: Final = {
    "basic": {"type": "http", "scheme": "basic"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


@frozen
class Document:
    """The document as it is sent."""

    body: bytes
    etag: str

    def answer(self, environ: Environ) -> Response:
        """Return the answer to a GET: 304 if the client has it.

        Raises:
            Malformed: If-None-Match has no list of entity tags.
        """
        headers = (("ETag", self.etag), ("Cache-Control", "no-cache"))
        known = environ.get("HTTP_IF_NONE_MATCH")
        tags = () if known is None else parse_tags(known, "If-None-Match")
        if tags is ANY or any(etag.matches_weakly(tag, self.etag) for tag in tags):
            return empty(HTTPStatus.NOT_MODIFIED, *headers)
        return whole(HTTPStatus.OK, JSON, self.body, *headers)


def document(dialect: Dialect, mount: str) -> Document:
    """Return the document of a dialect below a mount."""
    body = msgspec.json.encode(describe(dialect, mount))
    return Document(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def describe(dialect: Dialect, mount: str) -> dict[str, Any]:
    """Return the document as plain values."""
    kinds = list(_unique(_kinds(dialect)))
    made, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE + "{name}")
    writer = _Writer(dialect, {id(kind): schema for kind, schema in zip(kinds, made, strict=True)}, components)
    paths: dict[str, dict[str, Any]] = {}
    for operation in dialect.operations:
        paths.setdefault(_path(operation), {})[operation.method.lower()] = writer.operation(operation)
    queries = {_component_name(writer.schema(operation.query)) for operation in dialect.operations if operation.query}
    return {
        "openapi": "3.1.0",
        "info": {"title": dialect.title, "version": __version__, "description": dialect.description},
        "servers": [{"url": mount}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY,
            "schemas": {name: schema for name, schema in components.items() if name not in queries},
        },
    }


class _Writer:
    """Describes operations, with the schemas of all types at hand."""

    def __init__(self, dialect: Dialect, schemas: Mapping[int, Schema], components: Mapping[str, Schema]) -> None:
        self._dialect = dialect
        self._schemas = schemas
        self._components = components

    def schema(self, kind: Any) -> Schema:
        """Return the schema of a type; of content nothing can be said but its media type."""
        return {} if kind is BYTES else self._schemas[id(kind)]

    def operation(self, operation: Operation) -> dict[str, Any]:
        """Return the description of an operation."""
        described: dict[str, Any] = {"operationId": operation.id, "summary": operation.summary}
        if parameters := [*self._in_path(operation), *self._in_query(operation), *_in_headers(operation)]:
            described["parameters"] = parameters
        if operation.body is not None:
            described["requestBody"] = self._body(operation.body)
        described["responses"] = self._responses(operation)
        return described

    def _in_path(self, operation: Operation) -> Iterator[Schema]:
        for name in _VARIABLE.findall(operation.template):
            schema = self._dialect.parameters.get(name, _SEGMENT)
            yield {"name": name, "in": "path", "required": True, "schema": schema}

    def _in_query(self, operation: Operation) -> Iterator[Schema]:
        if operation.query is None:
            return
        described = self._components[_component_name(self.schema(operation.query))]
        required = described.get("required", ())
        for name, schema in described["properties"].items():
            yield {"name": name, "in": "query", "required": name in required, "schema": _without_null(schema)}

    def _body(self, body: Body) -> Schema:
        match body:
            case Json():
                schema = self.schema(body.described or body.kind)
                may_be_missing = body.may_be_empty and _fits_nothing(body.described or body.kind)
                return {"required": not may_be_missing, "content": {JSON: {"schema": schema}}}
            case Raw():
                return {"required": True, "content": {body.media_type: {"schema": {}}}}
            case Multipart():
                return {"required": True, "content": {"multipart/form-data": self._form(body)}}
            case Urlencoded(kind):
                return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": self.schema(kind)}}}
            case AnyOf(bodies, required):
                content = {media_type: one for body in bodies for media_type, one in self._body(body)["content"].items()}
                return {"required": required, "content": content}

    def _form(self, form: Multipart) -> Schema:
        content = {"type": "string", "contentMediaType": "application/octet-stream", "minLength": form.least_bytes}
        schemas = {name: content if kind is BYTES else self.schema(kind) for name, kind in form.parts.items()}
        media_types = {
            name: {"contentType": "application/octet-stream" if kind is BYTES else JSON} for name, kind in form.parts.items()
        }
        required = [name for name in form.parts if name not in form.optional]
        schema = {"type": "object", "properties": schemas, "required": required, "propertyNames": _NAME}
        return {"schema": schema, "encoding": media_types}

    def _responses(self, operation: Operation) -> Schema:
        answers = {str(status): self._answer(status, answer) for status, answer in operation.answers.items()}
        refusals = sorted({*self._dialect.refusals, *operation.refusals} - {*operation.answers})
        return answers | {str(status): self._answer(status, self._refusal(status)) for status in refusals}

    def _refusal(self, status: int) -> Answer:
        return Answer(self._dialect.refusal, self._dialect.refusal_type, _OF_REFUSALS.get(status, ()))

    def _answer(self, status: int, answer: Answer) -> Schema:
        described: dict[str, Any] = {"description": answer.description or _phrase(status)}
        if answer.headers:
            described["headers"] = {name: {"required": True, "schema": {"type": "string"}} for name in answer.headers}
        if answer.kind is not None:
            described["content"] = {answer.media_type: {"schema": self.schema(answer.kind)}}
            if answer.or_content:
                described["content"]["*/*"] = {"schema": {}}
        return described


def _fits_nothing(kind: Any) -> bool:
    """Tell whether an object without members is of a type."""
    try:
        msgspec.convert({}, kind)
    except msgspec.ValidationError:
        return False
    return True


def _without_null(schema: Schema) -> Schema:
    """Return the schema of a parameter: one without a value is left out."""
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if not others:
        return schema
    return others[0] if len(others) == 1 else {"anyOf": others}


def _phrase(status: int) -> str:
    return STATUS_LINES[status].partition(" ")[2]


def _kinds(dialect: Dialect) -> Iterator[Any]:
    """Yield every type that has a schema."""
    yield dialect.refusal
    for operation in dialect.operations:
        if operation.query is not None:
            yield operation.query
        if operation.body is not None:
            yield from _kinds_of_body(operation.body)
        yield from (answer.kind for answer in operation.answers.values())


def _kinds_of_body(body: Body) -> Iterator[Any]:
    match body:
        case Json(kind, described=described):
            yield described or kind
        case Multipart(parts):
            yield from parts.values()
        case Urlencoded(kind):
            yield kind
        case AnyOf(bodies):
            for one in bodies:
                yield from _kinds_of_body(one)


def _unique(kinds: Iterable[Any]) -> Iterable[Any]:
    """Return types once; such as ``dict[str, int]`` are equal without being the same."""
    return {id(kind): kind for kind in kinds if kind is not None and kind is not BYTES}.values()


def _component_name(schema: Schema) -> str:
    return str(schema["$ref"]).removeprefix(_REFERENCE)


def _path(operation: Operation) -> str:
    """Return the template as OpenAPI has it: without the names of converters."""
    return _VARIABLE.sub(r"{\1}", operation.template)


def _in_headers(operation: Operation) -> Iterator[Schema]:
    for name in operation.headers:
        yield {"name": name, "in": "header", "required": name in _REQUIRED, "schema": _HEADERS.get(name, {"type": "string"})}
