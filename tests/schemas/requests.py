"""Requests that schemathesis makes of an OpenAPI document, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import schemathesis
from schemathesis import Case, Response
from schemathesis.checks import CHECKS, CheckFunction, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.schemas import BaseSchema

from davgate.app import Application
from davgate.http.requests import Environ
from davgate.http.responses import StartResponse
from davgate.rest.operations import Dialect
from tests.builders import PASSWORD
from tests.protocol.client import Client
from tests.schemas.stock import Kind, Stock, Thing

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

CASES: Final = 300
LONG_CASES: Final = 5000
"""How many random requests are made of a dialect, beside those that try each limit of each schema once."""

_STATE: Final = ("404", "406", "412", "413", "416", "423", "460")
"""Statuses of a request that is as the document has it, and does not fit what is there; no document could tell."""


@dataclass(frozen=True)
class LeftOut:
    """A check that does not hold, named with the clause that says so, for the answers to which this applies."""

    check: str
    clause: str
    applies: Callable[[Case, Response], bool]

    @property
    def function(self) -> CheckFunction:
        return CHECKS.get_one(self.check)


def _is_wrong_in_headers(case: Case, _response: Response) -> bool:
    meta = case.meta
    elsewhere = (ParameterLocation.PATH, ParameterLocation.BODY)
    return meta is not None and meta.is_negative_at(ParameterLocation.HEADER) and not any(map(meta.is_negative_at, elsewhere))


def _has_header_of_no_pattern(case: Case, _response: Response) -> bool:
    headers = case.headers or {}
    return any(str(headers.get(name, "")).strip("0") == "" and name in headers for name in ("If", "Upload-Checksum"))


def _is_null_in_a_form(case: Case, _response: Response) -> bool:
    return case.body is None and (case.media_type or "").startswith("multipart/")


def _is_wrong_for_one_of_several(case: Case, _response: Response) -> bool:
    mutations = getattr(case.meta.phase.data, "mutations", ()) if case.meta is not None else ()
    return bool(mutations) and all("/anyOf/" in one.schema_pointer for one in mutations)


_ALWAYS: Final = (
    LeftOut(
        "negative_data_rejection",
        "RFC 9110, 13.1: entity tags are taken without their quotes, too; what cannot be read is ignored",
        _is_wrong_in_headers,
    ),
    LeftOut("negative_data_rejection", "RFC 7578: no form says null, and one without fields is a form", _is_null_in_a_form),
    LeftOut("negative_data_rejection", "what is unlike one schema of anyOf may be like another", _is_wrong_for_one_of_several),
    LeftOut("positive_data_acceptance", "for a pattern as that of If schemathesis sends 0", _has_header_of_no_pattern),
)


@dataclass(frozen=True)
class Subject:
    """A dialect, and how its requests are aimed: what stands for an object in an address, by the names of parameters."""

    dialect: Dialect
    mount: str
    parameters: Mapping[str, Callable[[Thing], str]]
    left_out: tuple[LeftOut, ...]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """What operations are about that are not about just any object."""

    @property
    def operation_ids(self) -> list[str]:
        return [operation.id for operation in self.dialect.operations]

    def hold_to_document(self, app: Application, client: Client, stock: Stock, operation_id: str, *, cases: int) -> None:
        """Make requests of one operation, its share of all; each answer is as the document says.

        Raises:
            FailureGroup: some answer is not.
        """
        load_all_checks()
        schema = self._schema(app, client.ctx.principal.name, -(-cases // len(self.operation_ids)))
        operation, numbers = schema.find_operation_by_id(operation_id), count()

        def request(case: Case) -> None:
            thing = stock.another(self.kinds.get(operation_id, Kind.ANY))
            self._aim(case, thing, is_at_object=bool(next(numbers) % 5))
            response = case.call()
            left_out = [one.function for one in (*_ALWAYS, *self.left_out) if one.applies(case, response)]
            case.validate_response(response, excluded_checks=left_out)

        feedback = FeedbackSources()
        build_operation_test(config=schema.config, operation=operation, test_func=request, given_kwargs={}, feedback=feedback)()

    def _schema(self, app: Application, user: str, cases: int) -> BaseSchema:
        def served(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return app(environ | {"REMOTE_ADDR": "192.0.2.1"}, start_response)

        document = f"{self.mount}/openapi.json"
        schema = schemathesis.openapi.from_wsgi(document, served, config=SchemathesisConfig(seed=1))
        schema.config.auth.update(basic=(user, PASSWORD))
        # To make a failure smaller the same request would have to meet the same state again.
        schema.config.generation.update(max_examples=cases, no_shrink=True)
        checks = schema.config.checks
        for check in (checks.positive_data_acceptance, checks.negative_data_rejection, checks.missing_required_header):
            check.expected_statuses = [*(check.expected_statuses or ()), *_STATE]
        return schema

    def _aim(self, case: Case, thing: Thing, *, is_at_object: bool) -> None:
        """Put an object into the address of a request, but for an address that is meant to be wrong."""
        given = case.path_parameters
        if not given:
            return
        if is_at_object and not (case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)):
            given |= {name: of(thing) for name, of in self.parameters.items() if name in given}
        if "path" in given:
            # One parameter for any number of segments, which OpenAPI has no way to say.
            given["path"] = str(given["path"]).replace("%2F", "/")
