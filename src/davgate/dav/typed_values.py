"""Values of typed properties in XML, written and read.

A single value is the text of its element; each of several is a ``v`` in it. A table has a ``row`` for each row, in it a ``v`` for
each cell that has a value, with the name of the column. Nested data says by ``type`` what is no text: an object has a ``v`` with
its name for each member, a list one for each element.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from davgate.dav import xml
from davgate.dav.xml import XmlLimits, escape, escape_attribute, printable
from davgate.model.errors import Malformed, TooLarge
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.object_types import Kind, Property

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_DEPTH: Final = 64


def element(tag: str, attributes: str, of: Property | None, value: object) -> str:
    """Return a value as an element with this tag, of a property or, without one, as it looks."""
    if of is not None and of.kind is Kind.TABLE and isinstance(value, list):
        content = "".join(_row(of.columns, row) for row in value)
    elif isinstance(value, dict) or (of is not None and of.kind is Kind.STRUCTURED):
        return _nested(tag, attributes, value)
    elif isinstance(value, list):
        content = "".join(_nested("v", "", one) if isinstance(one, dict | list) else f"<v>{_text(one)}</v>" for one in value)
    else:
        content = _text(value)
    return _element(tag, attributes, content)


def _element(tag: str, attributes: str, content: str) -> str:
    return f"<{tag}{attributes}>{content}</{tag}>" if content else f"<{tag}{attributes}/>"


def _row(columns: Sequence[Property], row: Sequence[object]) -> str:
    cells = [
        _element("v", f' name="{escape_attribute(column.name)}"', _text(cell))
        for column, cell in zip(columns, row, strict=False)
        if cell is not None
    ]
    return _element("row", "", "".join(cells))


def _nested(tag: str, attributes: str, value: object) -> str:
    match value:
        case dict():
            members = [_nested("v", f' name="{escape_attribute(printable(name))}"', one) for name, one in value.items()]
            return _element(tag, f'{attributes} type="object"', "".join(members))
        case list():
            return _element(tag, f'{attributes} type="list"', "".join(_nested("v", "", one) for one in value))
        case str():
            return _element(tag, attributes, _text(value))
        case bool():
            return _element(tag, f'{attributes} type="boolean"', _text(value))
        case None:
            return _element(tag, f'{attributes} type="null"', "")
    return _element(tag, f'{attributes} type="number"', _text(value))


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return ""
    return escape(printable(str(value)))


def parsed(of: Property, text: str) -> Any:
    """Return the value, as JSON has it, of a property that was set to an element.

    Raises:
        InvalidProperty: the element is not of the form that values of the property have.
    """
    body = text.encode()
    try:
        root = xml.parse(body, XmlLimits(len(body), _DEPTH))
    except (Malformed, TooLarge):
        raise InvalidProperty(of.name, None, "has an element that cannot be read") from None
    try:
        if of.kind is Kind.TABLE:
            return [_cells(of.columns, row) for row in _only(root, "row")]
        if of.kind is Kind.STRUCTURED:
            return _data(root)
        if not of.is_multiple:
            return _single(of.kind, root)
        if len(root):
            return [_single(of.kind, one) for one in _only(root, "v")]
        return [_single(of.kind, root)] if root.text else []
    except ValueError as why:
        raise InvalidProperty(of.name, None, str(why)) from None


def _only(holder: xml.Element, local: str) -> Sequence[xml.Element]:
    """Return the children of an element, all of which have to have this name, in whatever namespace."""
    found = list(holder)
    if any(str(child.tag).rpartition("}")[2] != local for child in found) or _stray_text(holder):
        raise ValueError(f"must be made of elements {local}")
    return found


def _stray_text(holder: xml.Element) -> bool:
    return bool((holder.text or "").strip()) or any((child.tail or "").strip() for child in holder)


def _cells(columns: Sequence[Property], row: xml.Element) -> list[Any]:
    kinds = {column.name: column.kind for column in columns}
    cells: dict[str, Any] = {}
    for cell in _only(row, "v"):
        name = cell.get("name")
        if name is None or name not in kinds or name in cells:
            raise ValueError(f"must name in each v another column of {', '.join(kinds)}")
        cells[name] = _single(kinds[name], cell)
    return [cells.get(name) for name in kinds]


def _single(kind: Kind, holder: xml.Element) -> Any:
    if len(holder):
        raise ValueError("must be a text without elements in it")
    text = holder.text or ""
    match kind:
        case Kind.INTEGER:
            if not _INTEGER.fullmatch(text.strip()):
                raise ValueError("must be a whole number")
            return int(text)
        case Kind.DECIMAL:
            return _number(text)
        case Kind.BOOLEAN:
            if text.strip() not in _BOOLEANS:
                raise ValueError("must be true or false")
            return _BOOLEANS[text.strip()]
        case Kind.DATE | Kind.DATETIME:
            return text.strip()
    return text


def _number(text: str) -> int | float:
    if not _DECIMAL.fullmatch(text.strip()):
        raise ValueError("must be a number")
    return int(text) if _INTEGER.fullmatch(text.strip()) else float(text)


def _data(holder: xml.Element) -> Any:
    match holder.get("type", "list" if len(holder) else "text"):
        case "object":
            members: dict[str, Any] = {}
            for one in _only(holder, "v"):
                name = one.get("name")
                if name is None or name in members:
                    raise ValueError("must name each member of an object once")
                members[name] = _data(one)
            return members
        case "list":
            return [_data(one) for one in _only(holder, "v")]
        case "number":
            return _number(holder.text or "")
        case "boolean":
            return _single(Kind.BOOLEAN, holder)
        case "null":
            return None
        case "text":
            return _single(Kind.TEXT, holder)
    raise ValueError("must have types among object, list, text, number, boolean and null")
