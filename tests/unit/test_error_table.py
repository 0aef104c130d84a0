"""Every error has its row in THE table, and the table says what the standards say."""

import inspect
from collections.abc import Iterator

import pytest

from davgate.http.errors import TABLE, outcome_of
from davgate.model import errors, errors_of_versions
from davgate.model.errors import DavgateError

PRECONDITIONS = {
    "add-must-be-new-label",
    "cannot-modify-protected-property",
    "label-must-exist",
    "lock-token-matches-request-uri",
    "lock-token-submitted",
    "must-be-checked-in",
    "must-be-checked-out",
    "must-be-checked-out-version-controlled-resource",
    "must-select-version-in-history",
    "no-conflicting-lock",
    "number-of-matches-within-limits",
    "propfind-finite-depth",
    "quota-not-exceeded",
    "supported-report",
    "valid-sync-token",
}
"""Elements of RFC 4918, 16, RFC 4331, 6, RFC 3253, 3 to 8, and RFC 6578, 3 that davgate answers."""


def subclasses(kind: type[DavgateError]) -> Iterator[type[DavgateError]]:
    for subclass in kind.__subclasses__():
        if subclass.__module__.startswith("davgate."):
            yield subclass
        yield from subclasses(subclass)


ALL = sorted(set(subclasses(DavgateError)), key=lambda kind: kind.__name__)


def has_row(kind: type[DavgateError]) -> bool:
    """Tell whether a class is in the table; one of a dialect may be there by the class that it derives from."""
    known = kind.__mro__ if kind.__module__.startswith("davgate.rest.") else (kind,)
    return any(base in TABLE for base in known if base is not DavgateError)


def test_no_error_lacks_a_row() -> None:
    assert [kind.__name__ for kind in ALL if not has_row(kind)] == []


def test_the_walk_sees_every_error_of_the_model() -> None:
    defined = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DavgateError)}
    assert defined <= {*ALL, DavgateError}


def test_codes_are_stable_words_and_unique() -> None:
    codes = [kind.code for kind in ALL]
    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and code.replace("-", "").isalpha() for code in codes)


def test_every_row_is_a_refusal_with_a_known_precondition() -> None:
    assert all(400 <= outcome.status < 600 for outcome in TABLE.values())
    assert {outcome.precondition for outcome in TABLE.values()} == {None, *PRECONDITIONS}


@pytest.mark.parametrize(
    ("error", "status", "precondition"),
    [
        pytest.param(errors.NotFound(("a",)), 404, None, id="9110-15.5.5"),
        pytest.param(errors.ParentMissing(("a",)), 409, None, id="4918-9.7.1"),
        pytest.param(errors.AlreadyExists(("a",)), 405, None, id="4918-9.3.1"),
        pytest.param(errors.UnsupportedBody("x"), 415, None, id="4918-9.3.1-body"),
        pytest.param(errors.SameResource("x"), 403, None, id="4918-9.9.4-same"),
        pytest.param(errors.OtherServer(), 502, None, id="4918-9.9.4-other-server"),
        pytest.param(errors.FiniteDepthOnly(), 403, "propfind-finite-depth", id="4918-9.1.1"),
        pytest.param(
            errors.ProtectedProperty(frozenset({("DAV:", "getetag")})), 403, "cannot-modify-protected-property", id="4918-16"
        ),
        pytest.param(errors.UnsupportedReport("x"), 403, "supported-report", id="3253-3.6"),
        pytest.param(errors_of_versions.AlreadyCheckedOut(("a",), "ann"), 409, "must-be-checked-in", id="3253-4.3"),
        pytest.param(errors_of_versions.NotCheckedOut(("a",)), 409, "must-be-checked-out", id="3253-4.4"),
        pytest.param(
            errors_of_versions.NothingToCancel(("a",)), 409, "must-be-checked-out-version-controlled-resource", id="3253-4.5"
        ),
        pytest.param(errors_of_versions.LabelTaken("x", 1), 409, "add-must-be-new-label", id="3253-8.2-add"),
        pytest.param(errors_of_versions.UnknownLabel(("a",), "x"), 409, "label-must-exist", id="3253-8.2-remove"),
        pytest.param(errors_of_versions.LabelSelectsNothing(("a",), "x"), 409, "must-select-version-in-history", id="3253-8.5"),
        pytest.param(errors.InvalidSyncToken(), 403, "valid-sync-token", id="6578-3.2"),
        pytest.param(errors.TooManyMatches("x"), 403, "number-of-matches-within-limits", id="6578-3.7"),
        pytest.param(errors.PreconditionFailed(), 412, None, id="9110-13.1"),
        pytest.param(errors.Locked((("a",),)), 423, "lock-token-submitted", id="4918-16-locked"),
        pytest.param(errors.LockConflict((("a",),)), 423, "no-conflicting-lock", id="4918-9.10.6"),
        pytest.param(errors.RefreshMismatch(), 412, "lock-token-matches-request-uri", id="4918-9.10.6-refresh"),
        pytest.param(errors.UnknownLockToken(), 409, "lock-token-matches-request-uri", id="4918-9.11.1"),
        pytest.param(errors.NotTheLockOwner(), 403, None, id="4918-9.11.1-owner"),
        pytest.param(errors.QuotaExceeded(), 507, "quota-not-exceeded", id="4331-6"),
        pytest.param(errors.NameTooLong("x"), 414, None, id="9110-15.5.15"),
        pytest.param(errors.TooLarge("x"), 413, None, id="9110-15.5.14"),
        pytest.param(errors.InvalidName("x"), 400, None, id="9110-15.5.1"),
    ],
)
def test_outcome_is_what_the_standard_says(error: DavgateError, status: int, precondition: str | None) -> None:
    assert (outcome_of(error).status, outcome_of(error).precondition) == (status, precondition)


def test_busy_says_when_to_come_back() -> None:
    assert outcome_of(errors.Busy()).headers == (("Retry-After", "1"),)


def test_class_without_a_row_is_answered_as_its_nearest_base() -> None:
    class LockedTwice(errors.Locked):
        code = "locked-twice"

    class Odd(DavgateError):
        code = "odd"

    assert outcome_of(LockedTwice((("a",),))) is TABLE[errors.Locked]
    assert outcome_of(Odd()).status == 500
