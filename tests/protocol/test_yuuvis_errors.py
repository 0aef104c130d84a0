"""Traces, tenants, settings, and errors that are found before any handler."""

from __future__ import annotations

import pytest

from davgate.config.sections import YuuvisConfig
from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.yuuvis import (
    BASE,
    HELLO,
    address,
    an_email,
    an_imported_email,
    envelope,
    of,
    only,
    part,
    patch,
    post_form,
    refusal,
    said,
    shown,
    stream_of,
    uuid_of,
)


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


# Traces and tenants


@pytest.mark.parametrize(
    ("sent", "is_taken"),
    [("97a35859dbb4c435", True), ("463AC35C9F6413AD48485A3953BB6124", True), ("no trace", False), ("97a3", False)],
)
def test_trace_of_the_client_is_kept_with_the_version(ann: Client, email: str, sent: str, is_taken: bool) -> None:
    changed = said(only(patch(ann, of({}), to=email, x_b3_traceid=sent)))

    assert (changed["system:traceId"] == sent.lower()) is is_taken
    assert said(shown(ann, f"{email}/versions/2"))["system:traceId"] == changed["system:traceId"]
    assert said(shown(ann, f"{email}/versions/1"))["system:traceId"] != changed["system:traceId"]


def test_other_tenant_is_refused(ann: Client, email: str) -> None:
    for method, where in (("GET", email), ("POST", BASE), ("DELETE", email), ("GET", f"{email}/contents/file")):
        assert refusal(ann(method, where, x_id_tenant_name="other")) == (401, 2001)
    assert ann("GET", email, x_id_tenant_name="default").status == 200


# Errors found before any handler


def test_other_addresses_and_methods_are_refused_in_the_same_shape(ann: Client, email: str) -> None:
    assert refusal(ann("GET", f"{BASE}/{uuid_of(email).upper()}")) == (404, 2004)
    assert refusal(ann("GET", f"{BASE}/x")) == (404, 2004)
    assert refusal(ann("GET", "/api/dms/nothing")) == (404, 2004)
    put = ann("PUT", email, b"{}")
    assert refusal(put) == (405, 2005)
    assert put.headers["allow"] == "GET, POST, PATCH, DELETE, HEAD, OPTIONS"
    assert refusal(ann("GET", f"{BASE}/%00")) == (404, 2004)
    assert refusal(ann("GET", f"{BASE}/%ff")) == (400, 2100)


def test_tenant_and_folder_are_settings(serve: Serve, store: Store, ann: Client) -> None:
    app = serve(store, yuuvis=YuuvisConfig(tenant="acme", folder=("Ablage",), repository="vault"))
    there = ann.through(app)

    made = only(post_form(there, envelope(an_email("x", {"cid": "c", "repositoryId": "vault"})), part("c", HELLO)))

    assert said(made)["system:tenant"] == "acme"
    assert stream_of(made)["repositoryId"] == "vault"
    assert ann.get("/dav/Ablage/2026-11/upload.bin") == HELLO
    assert there("GET", address(made), x_id_tenant_name="acme").status == 200
    assert there("GET", f"{BASE}/x").json["tenant"] == "acme"
