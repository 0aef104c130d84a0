"""The file name of content in the header Content-Disposition (RFC 6266), written and read."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from davgate.model.errors import Malformed

_PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""Printable ASCII without quotation mark and backslash, which programs unescape in different ways."""

_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")
_ATTRIBUTE_CHARS: Final = "!#$&+-.^_`|~"
"""What stands for itself in an extended value beside letters and digits (RFC 8187, 3.2.1)."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_FOLDER: Final = re.compile(r"[/\\]")

_PARAMETER = re.compile(r';[ \t]*+([A-Za-z0-9!#$&+.^_`|~*-]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+))[ \t]*+')
_EXTENDED = re.compile(r"(?i:(utf-8|iso-8859-1))'[^']*+'((?:%[0-9A-Fa-f]{2}|[A-Za-z0-9!#$&+.^_`|~-])*+)")


def attachment(file_name: str) -> str:
    """Return the header's value for content that is to be saved under a name, whatever stands in it.

    Source: RFC 6266, 4.3 and appendix D.
    """
    return _disposition("attachment", file_name)


def inline(file_name: str) -> str:
    """Return the header's value for content that may be shown, with the name under which it is saved."""
    return _disposition("inline", file_name)


def _disposition(kind: str, file_name: str) -> str:
    if _PLAIN.fullmatch(file_name) and "%" not in file_name:
        return f'{kind}; filename="{file_name}"'
    ascii_name = _NOT_PLAIN.sub("_", file_name).replace("%", "_")
    return f'{kind}; filename="{ascii_name}"; {_extended(file_name)}'


def extended_attachment(file_name: str) -> str:
    """Return the same for clients that look for ``filename*`` alone, whatever the name is."""
    return f"attachment; {_extended(file_name)}"


def _extended(file_name: str) -> str:
    return f"filename*=UTF-8''{quote(file_name, safe=_ATTRIBUTE_CHARS, errors='replace')}"


def file_name_of(value: str | None) -> str | None:
    """Return the file name of a header that a client sent, without folders, or None if it names none.

    ``filename*`` counts before ``filename``, whatever the disposition type is. Bytes above 127 are UTF-8, or else Latin-1.

    Raises:
        Malformed: the header is outside its grammar, or its name no text.

    Source: RFC 6266, 4.3; RFC 8187, 3.2.
    """
    if value is None:
        return None
    parameters = _parameters(value)
    if (extended := parameters.get("filename*")) is not None:
        name = _decoded(extended)
    elif (plain := parameters.get("filename")) is not None:
        name = _text(plain)
    else:
        return None
    return _FOLDER.split(name)[-1] or None


def cleaned(name: str) -> str:
    """Return a file name that a client gave, wherever it did, without folders and what no header can have; it may be empty."""
    last = _CONTROL.sub("_", _FOLDER.split(name)[-1]).strip()
    return "" if last in (".", "..") else last


def field_name_of(value: str | None) -> str | None:
    """Return the name of a field of a form, out of the header of its part, or None without one.

    Raises:
        Malformed: the header is outside its grammar.

    Source: RFC 7578, 4.2.
    """
    name = None if value is None else _parameters(value).get("name")
    return None if name is None else _text(name)


def _parameters(value: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = value.find(";") if ";" in value else len(value)
    while at < len(value):
        part = _PARAMETER.match(value, at)
        if part is None:
            if not value[at:].strip("; \t"):
                break
            raise Malformed('The Content-Disposition header cannot be read. Send: attachment; filename="...".')
        quoted = part[2]
        # Browsers of old put a path of Windows between the quotation marks: only what has to be escaped is unescaped.
        found.setdefault(part[1].lower(), part[3] if quoted is None else re.sub(r'\\(["\\])', r"\1", quoted))
        at = part.end()
    return found


def _decoded(extended: str) -> str:
    found = _EXTENDED.fullmatch(extended)
    if found is None:
        raise Malformed("The filename* of the Content-Disposition header cannot be read. Send: filename*=UTF-8''name.txt.")
    try:
        return unquote_to_bytes(found[2]).decode(found[1])
    except UnicodeDecodeError:
        raise Malformed("The filename* of the Content-Disposition header is not UTF-8. Encode the name in UTF-8.") from None


def _text(value: str) -> str:
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
