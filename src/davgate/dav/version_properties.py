"""Properties of versions and of documents under version control (RFC 3253, 3.1 to 3.4, 4.1, 5.1 to 5.3 and 8.1).

Every document with content is under version control. A version has a stable address, below the document's id and not its name;
the addresses here are written from the rows alone, and what needs more comes with the facts of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from davgate.dav.facts import COLLECTION, DIGEST, DOCUMENT, ID, KIND, UUID, VERSION_NO, Batch, Column, VersionFacts
from davgate.dav.xml import escape, escape_attribute, href_element, own_element, printable
from davgate.model.checkout import CheckOut
from davgate.storage.api import MemberRow

VERSION_TREE: Final = "version-tree"
EXPAND_PROPERTY: Final = "expand-property"
SYNC_COLLECTION: Final = "sync-collection"

_READING: Final = ("OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT")
_REWRITING: Final = ("DELETE", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK")
_VERSIONING: Final = ("VERSION-CONTROL", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "LABEL")


def history_href(mount: str, uuid: str) -> str:
    """Return the stable address of the folder that holds a document's versions."""
    return f"{mount}/.versions/={uuid}/"


def version_href(mount: str, uuid: str, no: int) -> str:
    """Return the stable address of a version: it never means another one, whatever becomes of the document's name."""
    return f"{history_href(mount, uuid)}{no}"


# What a row is


def _facts_of(batch: Batch, row: MemberRow) -> VersionFacts | None:
    """Return the facts of a version, or of the version that a document shows; None for what has none."""
    if row[KIND] != DOCUMENT or row[VERSION_NO] == 0:
        return None
    history = batch.facts.history
    if history is not None:
        return history.versions.get(row[VERSION_NO])
    # Without facts only names are asked for.
    return batch.facts.current.get(row[ID], _UNKNOWN) if batch.facts.lockable else None


_UNKNOWN: Final = VersionFacts("")


def _is_controlled(batch: Batch, row: MemberRow) -> bool:
    return batch.facts.lockable and row[KIND] == DOCUMENT and row[VERSION_NO] > 0


def _is_version(batch: Batch, row: MemberRow) -> bool:
    history = batch.facts.history
    return history is not None and row[KIND] == DOCUMENT and row[VERSION_NO] in history.versions


def _check_out_of(batch: Batch, row: MemberRow) -> CheckOut | None:
    taken = batch.facts.check_outs.get(row[ID]) if _is_controlled(batch, row) else None
    return taken if taken is not None and taken.stands else None


def _each(write: Callable[[Batch, MemberRow], str]) -> Column:
    return lambda batch: [write(batch, row) for row in batch.rows]


def _text(name: str, text: str) -> str:
    return f"<D:{name}>{escape(printable(text))}</D:{name}>"


def _hrefs(name: str, hrefs: Iterable[str]) -> str:
    content = "".join(map(href_element, hrefs))
    return f"<D:{name}>{content}</D:{name}>" if content else f"<D:{name}/>"


def _versions(batch: Batch, name: str, numbers: Iterable[int | None]) -> str:
    """Return a property that names versions of the history that is shown."""
    history = batch.facts.history
    assert history is not None
    return _hrefs(name, [version_href(batch.facts.mount, history.document_uuid, no) for no in numbers if no is not None])


# RFC 3253, 3.1, 3.4.4 and 8.1.1


def _comment(batch: Batch, row: MemberRow) -> str:
    facts = _facts_of(batch, row)
    return "" if facts is None else _text("comment", facts.comment)


def _creator(batch: Batch, row: MemberRow) -> str:
    facts = _facts_of(batch, row)
    return "" if facts is None else _text("creator-displayname", facts.author)


def _version_name(batch: Batch, row: MemberRow) -> str:
    return f"<D:version-name>{row[VERSION_NO]}</D:version-name>" if row[KIND] == DOCUMENT and row[VERSION_NO] else ""


def _label_names(batch: Batch, row: MemberRow) -> str:
    facts = _facts_of(batch, row)
    if facts is None:
        return ""
    names = "".join(_text("label-name", label) for label in facts.labels)
    return f"<D:label-name-set>{names}</D:label-name-set>" if names else "<D:label-name-set/>"


# RFC 3253, 3.2, 3.3 and 5.2


def _checked_in(batch: Batch, row: MemberRow) -> str:
    if not _is_controlled(batch, row) or _check_out_of(batch, row) is not None:
        return ""
    return _hrefs("checked-in", [version_href(batch.facts.mount, row[UUID], row[VERSION_NO])])


def _checked_out(batch: Batch, row: MemberRow) -> str:
    taken = _check_out_of(batch, row)
    return "" if taken is None else _hrefs("checked-out", _base(batch, row, taken))


def _base(batch: Batch, row: MemberRow, taken: CheckOut) -> list[str]:
    return [version_href(batch.facts.mount, row[UUID], taken.base_no)] if taken.base_no else []


_PER_SESSION: Final = "<D:auto-version><D:checkout-unlocked-checkin/></D:auto-version>"
_PER_SAVE: Final = "<D:auto-version><D:checkout-checkin/></D:auto-version>"


def _auto_version(batch: Batch, row: MemberRow) -> str:
    if not _is_controlled(batch, row):
        return ""
    return _PER_SAVE if batch.facts.is_version_per_save else _PER_SESSION


def _version_history(batch: Batch, row: MemberRow) -> str:
    if _is_controlled(batch, row):
        return _hrefs("version-history", [history_href(batch.facts.mount, row[UUID])])
    history = batch.facts.history
    if history is None or not _is_version(batch, row):
        return ""
    return _hrefs("version-history", [history_href(batch.facts.mount, history.document_uuid)])


# RFC 3253, 3.3.2, 3.4, 4.1 and 4.2: history never forks, for a document is checked out by one principal at a time.


def _predecessors(batch: Batch, row: MemberRow) -> str:
    taken = _check_out_of(batch, row)
    if taken is not None:
        return _hrefs("predecessor-set", _base(batch, row, taken))
    facts = _facts_of(batch, row)
    if facts is None or not _is_version(batch, row):
        return ""
    return _versions(batch, "predecessor-set", [facts.predecessor])


def _successors(batch: Batch, row: MemberRow) -> str:
    facts = _facts_of(batch, row)
    if facts is None or not _is_version(batch, row):
        return ""
    return _versions(batch, "successor-set", [facts.successor])


def _check_outs(batch: Batch, row: MemberRow) -> str:
    history = batch.facts.history
    if history is None or not _is_version(batch, row):
        return ""
    return _hrefs("checkout-set", [history.document_href] if history.checked_out_from == row[VERSION_NO] else [])


def _fork(name: str) -> Column:
    element = f"<D:{name}><D:forbidden/></D:{name}>"
    return _each(lambda batch, row: element if _is_version(batch, row) or _check_out_of(batch, row) is not None else "")


# RFC 3253, 5.1: the folder of a document's versions stands for its history, though it is an ordinary collection.


def _version_set(batch: Batch, row: MemberRow) -> str:
    history = batch.facts.history
    return "" if history is None or row[KIND] != COLLECTION else _versions(batch, "version-set", history.versions)


def _root_version(batch: Batch, row: MemberRow) -> str:
    history = batch.facts.history
    if history is None or row[KIND] != COLLECTION:
        return ""
    return _versions(batch, "root-version", [min(history.versions, default=None)])


# RFC 3253, 3.1.3 and 3.1.5; RFC 6578, 3.2 and 4


def _methods(names: Iterable[str]) -> str:
    supported = "".join(f'<D:supported-method name="{escape_attribute(name)}"/>' for name in names)
    return f"<D:supported-method-set>{supported}</D:supported-method-set>"


METHODS_OF_TREE: Final = {
    COLLECTION: (*_READING, *_REWRITING),
    DOCUMENT: (*_READING, *_REWRITING, "PUT", *_VERSIONING),
}
METHODS_OF_PAST: Final = {COLLECTION: _READING, DOCUMENT: (*_READING, "COPY")}
"""By kind of row: what may succeed there (RFC 3253, 3.1.3). MKCOL makes a resource and so has none."""

_METHODS_OF_TREE: Final = {kind: _methods(names) for kind, names in METHODS_OF_TREE.items()}
_METHODS_OF_PAST: Final = {kind: _methods(names) for kind, names in METHODS_OF_PAST.items()}
_METHODS_OF_VERSION: Final = _methods((*METHODS_OF_PAST[DOCUMENT], "LABEL"))


def _supported_methods(batch: Batch, row: MemberRow) -> str:
    if _is_version(batch, row):
        return _METHODS_OF_VERSION
    return (_METHODS_OF_TREE if batch.facts.lockable else _METHODS_OF_PAST)[row[KIND]]


def _reports(*names: str) -> str:
    supported = "".join(f"<D:supported-report><D:report><D:{name}/></D:report></D:supported-report>" for name in names)
    return f"<D:supported-report-set>{supported}</D:supported-report-set>"


_REPORTS_OF_ANY: Final = _reports(EXPAND_PROPERTY)
_REPORTS_OF_VERSIONED: Final = _reports(VERSION_TREE, EXPAND_PROPERTY)
_REPORTS_OF_COLLECTION: Final = _reports(SYNC_COLLECTION, EXPAND_PROPERTY)


def _supported_reports(batch: Batch, row: MemberRow) -> str:
    if _is_controlled(batch, row) or _is_version(batch, row):
        return _REPORTS_OF_VERSIONED
    return _REPORTS_OF_COLLECTION if batch.facts.lockable and row[KIND] == COLLECTION else _REPORTS_OF_ANY


def _sync_token(batch: Batch, row: MemberRow) -> str:
    if row[KIND] != COLLECTION or not batch.facts.lockable:
        return ""
    return _text("sync-token", batch.facts.sync_token)


# Davgate's own


def _sha_256(batch: Batch, row: MemberRow) -> str:
    digest = row[DIGEST]
    return "" if digest is None else own_element("sha-256", digest.hex())


def _origin(batch: Batch, row: MemberRow) -> str:
    facts = _facts_of(batch, row)
    return "" if facts is None or not facts.origin else own_element("origin", facts.origin)


checked_in = _each(_checked_in)
checked_out = _each(_checked_out)
auto_version = _each(_auto_version)
version_history = _each(_version_history)
version_name = _each(_version_name)
creator_displayname = _each(_creator)
comment = _each(_comment)
label_name_set = _each(_label_names)
predecessor_set = _each(_predecessors)
successor_set = _each(_successors)
checkout_set = _each(_check_outs)
checkout_fork = _fork("checkout-fork")
checkin_fork = _fork("checkin-fork")
version_set = _each(_version_set)
root_version = _each(_root_version)
supported_method_set = _each(_supported_methods)
supported_report_set = _each(_supported_reports)
sync_token = _each(_sync_token)
sha_256 = _each(_sha_256)
origin = _each(_origin)
