"""Who may do what through OKD: identities and scopes of tokens, in this door and in the others."""

from __future__ import annotations

import dataclasses
import uuid

import pytest

from davgate.app import Application
from davgate.config import OkdConfig
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import READER
from tests.builders import Meanwhile, SettableClock, path
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.okd import (
    BASE,
    FORM,
    ISSUERS,
    Component,
    content_of,
    deliver,
    file_part,
    form,
    listed,
    metadata_part,
    patch,
    post,
    shown,
)
from tests.tokens import OMIT

NARROW = {
    "okd:examdocuments": "examination",
    "okd:examendocuments": "examination",
    "okd:bpvdocuments": "bpv",
    "okd:bpvdocument": "bpv",
    "okd:graduationdocuments": "graduation",
    "okd:enrollmentderollment": "enrollment",
    "okd:inuitschrijven": "enrollment",
}
TYPES = ["enrollment", "examination", "bpv", "graduation", "student", "other"]
EVERYTHING = [
    ("GET", ""),
    ("GET", "/metadata"),
    ("GET", "/download"),
    ("GET", "/content"),
    ("GET", "/_lock"),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/_lock"),
    ("POST", "/lock"),
    ("DELETE", "/_lock"),
    ("DELETE", "/lock"),
    ("POST", "/_unlock"),
]
"""What may be asked for of a document."""
MISSING = f"{BASE}/{uuid.UUID(int=7)}"


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application that takes tokens."""
    return serve(store, issuers=ISSUERS)


@pytest.fixture
def a(app: Application, clock: SettableClock) -> Component:
    """A component that may see all documents."""
    return Component(app, clock, "component-a")


def with_scope(client: Client, scope: str, **claims: object) -> Component:
    return Component(client.app, client.clock, "component-c", scope, **claims)


# Types


@pytest.mark.parametrize(("scope", "opened"), NARROW.items(), ids=NARROW.keys())
def test_narrow_scope_opens_documents_of_its_type_alone(a: Component, scope: str, opened: str) -> None:
    documents = {kind: deliver(a, documentType=kind) for kind in TYPES}
    narrow = with_scope(a, scope)

    assert {kind for kind, document in documents.items() if narrow("GET", document).status == 200} == {opened}
    assert listed(narrow) == [documents[opened]]
    made = {kind: post(narrow, metadata_part(documentType=kind), file_part()).status for kind in TYPES}
    assert made == {kind: 201 if kind == opened else 403 for kind in TYPES}


@pytest.mark.parametrize(("method", "suffix"), EVERYTHING)
def test_document_of_another_type_is_403_whatever_is_asked(a: Component, method: str, suffix: str) -> None:
    document = deliver(a)
    narrow = with_scope(a, "okd:examdocuments")

    response = narrow(method, document + suffix, b"x" if method == "PATCH" else b"", content_type="text/plain")

    assert (response.status, response.json["code"]) == (403, "insufficient-scope")
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="okd:alldocuments"'
    assert (content_of(a, document), shown(a, document)["locked"]) == (b"hello world", False)
    assert narrow(method, MISSING + suffix, b"x" if method == "PATCH" else b"", content_type="text/plain").status == 404


def test_document_without_a_type_is_403_to_a_narrow_scope_and_not_listed(a: Component, ann: Client) -> None:
    ann.put("/dav/a.txt")
    (document,) = listed(a)

    assert with_scope(a, "okd:bpvdocuments")("GET", document).status == 403
    assert listed(with_scope(a, "okd:bpvdocuments")) == []


def test_several_scopes_add_up(a: Component) -> None:
    documents = {kind: deliver(a, documentType=kind) for kind in TYPES}
    both = with_scope(a, "okd:bpvdocuments okd:examdocuments okd:studentinfo")

    assert set(listed(both)) == {documents["bpv"], documents["examination"]}
    assert patch(both, documents["examination"]).status == 204
    assert patch(both, documents["other"]).status == 403


@pytest.mark.parametrize("scope", ["okd:destroyednotification", "okd:studentinfo", "openid", ""])
def test_scope_that_opens_nothing_here_is_403_even_for_what_is_not_there(a: Component, scope: str) -> None:
    closed = with_scope(a, scope)

    for response in (closed("GET", BASE), closed("GET", MISSING), closed("POST", BASE, form(), content_type=FORM)):
        assert (response.status, response.json["code"]) == (403, "insufficient-scope")


def test_wider_scope_to_read_does_not_widen_a_narrow_one_to_write(a: Component) -> None:
    bpv, other = deliver(a), deliver(a, documentType="other")
    reader = with_scope(a, "davgate:read okd:bpvdocuments")

    assert set(listed(reader)) == {bpv, other}
    assert patch(reader, bpv).status == 204
    response = patch(reader, other)
    assert (response.status, response.json["code"]) == (403, "forbidden")


# Other doors


@pytest.mark.parametrize("scope", NARROW)
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PROPFIND", "/dav/"),
        ("GET", "/dav/OKD/2026-11/a.txt"),
        ("PUT", "/dav/b.txt"),
        ("DELETE", "/dav/OKD/2026-11/a.txt"),
        ("LOCK", "/dav/OKD/2026-11/a.txt"),
        ("PROPFIND", "/"),
        ("GET", "/gever"),
        ("GET", "/gever/OKD"),
        ("GET", "/metrics"),
        ("POST", "/login/token"),
    ],
)
def test_narrow_scope_opens_no_other_door(a: Component, ann: Client, scope: str, method: str, target: str) -> None:
    narrow = with_scope(a, scope)
    post(narrow, metadata_part(documentType=NARROW[scope]), file_part())
    assert ann.get("/dav/OKD/2026-11/a.txt") == b"hello world"

    response = narrow(method, target, b"x" if method == "PUT" else b"", accept="application/json")

    assert response.status == 403, response
    assert ann.status_of("/dav/b.txt") == 404


def test_narrow_scope_leads_to_no_other_door_by_way_of_an_administrator_s_account(
    serve: Serve, store: Store, clock: SettableClock, root_admin: Client
) -> None:
    existing = {"schools": dataclasses.replace(ISSUERS["schools"], accounts="existing")}
    app = serve(store, issuers=existing)
    admin = Component(app, clock, "root", "okd:bpvdocuments")
    document = deliver(root_admin.through(app), documentType="other")

    assert admin("GET", document).status == 403
    assert admin("PROPFIND", "/dav/").status == 403
    assert admin("GET", "/metrics").status == 403


# Identity


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"client_id": "one", "azp": "two", "appid": "three", "sub": "four"}, "one"),
        ({"client_id": OMIT, "azp": "two", "appid": "three", "sub": "four"}, "two"),
        ({"client_id": OMIT, "appid": "three", "sub": "four"}, "three"),
        ({"client_id": OMIT, "sub": "four"}, "four"),
    ],
    ids=["client_id", "azp", "appid", "sub"],
)
def test_first_claim_that_names_the_client_counts(
    app: Application, clock: SettableClock, claims: dict[str, object], name: str
) -> None:
    component = Component(app, clock, "unused", **claims)

    assert shown(component, deliver(component))["createdBy"] == name


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "okd:bpvdocuments", "scp": "okd:alldocuments"},
        {"scope": OMIT, "scp": "openid okd:bpvdocuments", "roles": ["okd:alldocuments"]},
        {"scope": OMIT, "scp": ["openid", "okd:bpvdocuments"]},
        {"scope": OMIT, "roles": ["okd:bpvdocuments"]},
    ],
    ids=["scope", "scp-text", "scp-list", "roles"],
)
def test_first_claim_that_has_scopes_counts(a: Component, claims: dict[str, object]) -> None:
    bpv, other = deliver(a), deliver(a, documentType="other")
    narrow = Component(a.app, a.clock, "component-c", **claims)  # type: ignore[arg-type]  # One may be left out.

    assert listed(narrow) == [bpv]
    assert narrow("GET", other).status == 403


def test_basic_sign_in_counts_as_the_scope_for_all(ann: Client) -> None:
    documents = [deliver(ann, documentType=kind) for kind in TYPES]

    assert listed(ann) == documents


def test_token_with_a_wrong_signature_is_invalid(a: Component) -> None:
    response = a("GET", BASE, authorization="Bearer e30.e30.e30")

    assert (response.status, response.json["code"]) == (401, "invalid-token")
    challenges = response.headers["www-authenticate"]
    assert challenges.startswith('Bearer realm="okd", error="invalid_token"')
    assert 'Basic realm="okd"' in challenges


# Own documents alone


def test_with_own_documents_only_those_of_others_are_not_there(serve: Serve, store: Store, ann: Client, bob: Client) -> None:
    app = serve(store, okd=OkdConfig(own_documents_only=True))
    ann, bob = ann.through(app), bob.through(app)
    own, foreign = deliver(ann), deliver(bob)

    assert listed(ann) == [own]
    assert ann("GET", own).status == 200
    for method, suffix in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/_lock"),
        ("DELETE", "/lock"),
        ("GET", "/_lock"),
    ):
        response = ann(method, foreign + suffix, b"x" if method == "PATCH" else b"", content_type="text/plain")
        assert response.status == 404, (method, suffix)
    assert content_of(bob, foreign) == b"hello world"


def test_documents_are_filed_in_the_folder_of_the_settings(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, okd=OkdConfig(folder=("Schule", "Eingang"))))

    deliver(ann, name="Übung.txt")

    assert ann.get("/dav/Schule/Eingang/2026-11/%C3%9Cbung.txt") == b"hello world"


# Rights


def test_right_that_is_missing_in_the_store_is_403_forbidden(bob: Client, store: Store, root_admin: Client, ann: Client) -> None:
    document = deliver(bob)
    granting.grant(store, root_admin.ctx, (), "signed in", READER)

    for method, suffix in (("PATCH", ""), ("DELETE", ""), ("POST", "/_lock")):
        response = ann(method, document + suffix, b"x" if method == "PATCH" else b"", content_type="text/plain")
        assert (response.status, response.json["code"]) == (403, "forbidden"), method
    assert post(ann, metadata_part(), file_part()).status == 403
    assert content_of(ann, document) == b"hello world"


def test_document_that_one_may_not_read_is_not_there(ann: Client, bob: Client, store: Store, root_admin: Client) -> None:
    document = deliver(bob)
    granting.close(store, root_admin.ctx, path("/OKD"))

    for method, suffix in (
        ("GET", ""),
        ("GET", "/_lock"),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/_lock"),
        ("DELETE", "/lock"),
    ):
        response = ann(method, document + suffix, b"x" if method == "PATCH" else b"", content_type="text/plain")
        assert (response.status, response.json["code"]) == (404, "not-found"), method
    assert listed(ann) == []
    assert listed(root_admin) == [document]


def test_form_for_who_may_not_add_is_refused_before_it_is_read(store: Store, ann: Client, root_admin: Client) -> None:
    granting.grant(store, root_admin.ctx, (), "signed in", READER)
    body = Meanwhile(form(metadata_part(), file_part()))

    assert ann.send("POST", BASE, body, content_type=FORM, content_length="1000000").status == 403
    assert not body.is_read
