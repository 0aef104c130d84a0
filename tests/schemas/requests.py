"""Requests that schemathesis makes of an OpenAPI document, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, Final

import schemathesis
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import BaseSchema
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.core.failures import FailureGroup
from schemathesis.checks import load_all_checks

from davgate.app import Application
from davgate.http.requests import Environ
from davgate.http.responses import StartResponse
from tests.builders import PASSWORD
from tests.schemas.stock import Stock, Thing

CASES: Final = 300
LONG_CASES: Final = 5000

Parameters = Mapping[str, Callable[[Thing], str]]
"""What stands for an object in an address, by the names of parameters."""


def schema_of(app: Application, mount: str, user: str, cases: int) -> BaseSchema:
    """Return the document of a dialect, of which so many requests are made by a user who signs in by Basic."""

    def served(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ | {"REMOTE_ADDR": "192.0.2.1"}, start_response)

    config = SchemathesisConfig(seed=1)
    schema = schemathesis.openapi.from_wsgi(f"{mount}/openapi.json", served, config=config)
    schema.config.auth.update(basic=(user, PASSWORD))
    schema.config.checks.positive_data_acceptance.expected_statuses = [*schema.config.checks.positive_data_acceptance.expected_statuses, "406", "412", "416", "423"]
    operations = len(list(schema.get_all_operations()))
    schema.config.generation.update(max_examples=-(-cases // operations), no_shrink=True)
    return schema

def run(schema, aim):
    load_all_checks()
    import collections, time
    seen = {}
    stats = collections.Counter()
    n = collections.Counter()
    for result in get_all_tests(schema=schema, test_func=None or (lambda case: None), settings=None, given_kwargs=None):
        operation, _ = result.ok()
        t0 = time.time()
        def one(case):
            aim.at_object(case)
            n[operation.label, case.meta.phase.name.value] += 1
            try:
                response = case.call_and_validate()
                stats[operation.label, response.status_code] += 1
            except FailureGroup as group:
                for f in group.exceptions:
                    stats[operation.label, "F", type(f).__name__] += 1
                    key = (operation.label, type(f).__name__, getattr(f, "status_code", None))
                    if seen.get(key, [0])[0] < 2:
                        seen.setdefault(key, [0])[0] += 1
                        print("=====", key, case.meta.phase.name.value, case.meta.phase.data.description if hasattr(case.meta.phase.data,'description') else "", case.meta.generation.mode.value)
                        print(str(f)[:1200])
                        print(repr(case.as_curl_command())[:900])
        from schemathesis.pytest._test_builder import build_operation_test
        from schemathesis.generation.feedback import FeedbackSources
        t = build_operation_test(config=schema.config, operation=operation, test_func=one, given_kwargs={}, feedback=FeedbackSources())
        t()
        print("#####", operation.label, round(time.time()-t0,2), {k[1:]: v for k, v in stats.items() if k[0]==operation.label}, {k[1]: v for k, v in n.items() if k[0]==operation.label}, flush=True)

class Aim:
    """Lets requests be about objects that are there: four of five, but for those whose address is meant to be wrong."""

    def __init__(self, stock: Stock, parameters: Parameters) -> None:
        self._stock = stock
        self._parameters = parameters
        self._numbers = count()

    def at_object(self, case: Case) -> None:
        """Put the object into the address of a request."""
        thing = self._stock.another()
        given = case.path_parameters
        is_wrong = case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)
        if given and not is_wrong and next(self._numbers) % 5:
            for name, of in self._parameters.items():
                if name in given:
                    given[name] = of(thing)
        if given and "path" in given:
            # One parameter for any number of segments, which OpenAPI has no way to say.
            given["path"] = str(given["path"]).replace("%2F", "/")
