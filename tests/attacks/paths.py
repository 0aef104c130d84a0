"""A corpus of spellings of paths, by families, and what each of them means when it is read as RFC 3986 has it.

A spelling is what stands in the request line, in ``Destination`` or in a tag of ``If``. All of them aim at ``/dav/work``, where
the attacker may write, at ``/dav/private-x9``, which is closed to them, or out of the drive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

HOST: Final = "drive.test"
PRIVATE: Final = "private-x9"
PLAN: Final = "plan-x9.txt"
GONE: Final = "gone-x9.txt"
OUTSIDE: Final = "outside-x9.txt"
UUID: Final = "00000000-0000-4000-8000-0000000000x9"
"""Stands for the id of the closed document, which nobody knows beforehand."""

Meaning = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One text and the family that it belongs to."""

    family: str
    text: str


def spellings() -> list[Spelling]:
    """Return the corpus, each text once, in an order that does not change."""
    found: dict[str, Spelling] = {}
    for family, texts in FAMILIES.items():
        for text in texts():
            found.setdefault(text, Spelling(family, text))
    return list(found.values())


def meaning(text: str, *, in_header: bool = False) -> Meaning | None:
    """Return the only path on the drive that a spelling may mean, None when it has to be refused.

    A header's address has no query, and its host must be that of the server; the authority in a request line says which it is.
    """
    rest = text
    if absolute := re.match(r"(?i:https?)://([^/?#]+)", text):
        host = re.sub(r":(80|443)?$", "", absolute[1].rpartition("@")[2].lower())
        if in_header and host != HOST:
            return None
        rest = text[absolute.end() :] or "/"
    if not rest.startswith("/") or "#" in rest or (in_header and "?" in rest):
        return None
    names = [_decoded(part) for part in rest.partition("?")[0].split("/") if part]
    if not names or None in names or names[0] != "dav":
        return None
    path = tuple(name for name in names[1:] if name is not None)
    if len(path) > 64 or len("/".join(path).encode()) > 4096:
        return None
    return path


def _decoded(part: str) -> str | None:
    if re.search("%(?![0-9a-fA-F]{2})", part):
        return None
    try:
        name = unquote_to_bytes(part.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        return None
    is_bad = name in (".", "..") or re.search("[\x00-\x1f/\x7f\ufffe\uffff]", name) or len(name.encode()) > 255
    return None if is_bad else name


def _percent(text: str | bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in (text.encode() if isinstance(text, str) else text))


def _raw(text: str) -> str:
    """Return UTF-8 as it stands in a request line when it is not escaped."""
    return text.encode().decode("latin-1")


DOTS: Final = (
    ".", "..", "...", "....", ".. ", "..;", ".;", "..;x=1", "%2e", "%2e%2e", ".%2e", "%2E.", "%2E%2E", "%252e%252e",
    "%25252e%25252e", "%%32%65%%32%65", "%u002e%u002e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%f0%80%80%ae", "..%00",
    "..%00.txt", "..%20", "%20..", "..%09", "..%0a", "..%0d%0a", "..\\", "..%5c", "..%5c..", "..%2f", "%2e%2e%2f", "..%252f",
    "..%c0%af", "..%ef%bc%8f", "%ef%bc%8e%ef%bc%8e", "%e2%80%a4%e2%80%a4", "..%e2%88%95", "..%e2%80%8b", "%e2%80%8b..", "..%ad",
    "..:", "..::$DATA", "..%3a", "..?", "..%3f", "..#", "..%23", "..%7f", "..%ff", ".%00.", "~", "~root", "$HOME", "${HOME}",
    "-rf",
)  # fmt: skip
AROUND_DOTS: Final = (
    "/dav/{}",
    "/dav/{}/",
    f"/dav/work/{{}}/{PRIVATE}/{PLAN}",
    f"/dav/work/{{0}}/{{0}}/{{0}}/{OUTSIDE}",
    "/{}/dav/work/x",
)
SEPARATORS: Final = (
    "\\", "%5c", "%5C", "%2f", "%2F", "%252f", "%255c", "%c0%af", "%e0%80%af", "%c1%9c", "%ef%bc%8f", "%ef%bc%bc", "%e2%81%84",
    "%e2%88%95", ":", "%3a", "|", "%7c", ";/", "/;/", "//", "///", "/%20/", "/%00/", "%00/", "/%e2%80%8b/", "%0d%0a", "\\..\\",
    "%5c..%5c", "/./", "/../work/",
)  # fmt: skip
MARKS: Final = (
    *"\u200b\u200c\u200d\u2060\ufeff\u180e\u00ad\u034f",
    *"\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c", *"\u0085\u00a0\u2007\u202f\u3000\u2028\u2029",
    *"\ufdd0\ufffd\ufffe\uffff\ue000\u0301\u0345\ufe0f", *"\U0001fffe\U000e0001\U0010ffff",
)  # fmt: skip
BAD_UTF8: Final = (
    "%ff", "%fe", "%80", "%bf", "%c3", "%c3%28", "%a0%a1", "%e2%28%a1", "%e2%82", "%e2%82%28", "%f0%28%8c%bc", "%f0%90%28%bc",
    "%f8%a1%a1%a1%a1", "%fc%a1%a1%a1%a1%a1", "%c0%80", "%c0%ae", "%c1%bf", "%e0%80%80", "%e0%9f%bf", "%f0%80%80%80",
    "%f4%90%80%80",
    "%ed%a0%80", "%ed%bf%bf", "%ed%a0%bd%ed%b8%80", "\xff", "\xe9", "\xc3", "\xe2\x82", "%ef%bf%bd", "%e9t%e9",
)  # fmt: skip
BAD_ESCAPES: Final = (
    "%", "%%", "%2", "%g0", "%0g", "%u0041", "%2%65", "%-1", "%+1", "%0x2e", "%25%", "%%35%63", "100%", "% 20", "%\xb2\xb2",
)  # fmt: skip
DEVICES: Final = (
    "CON", "PRN", "AUX", "NUL", "COM1", "LPT9", "CONIN$", "CLOCK$", "con.txt", "nul.", "aux:.txt", "COM%C2%B9", "PROGRA~1",
    "THERE~1.TXT", "c:", "C:%5cx", "c%3a%5cwindows%5cwin.ini", "%5c%5cserver%5cshare", "%5c%5c%3f%5cc:", "%5c%5c.%5cpipe",
    "there.txt:stream", "there.txt::$DATA", "there.txt%3a%3a$DATA", ":$I30:$INDEX_ALLOCATION", "there.txt.", "there.txt..",
    "there.txt%20", "there.txt%20.", "there.txt%2e", "there.txt%00", "there.txt%00.jpg", "THERE.TXT", "There.Txt", "there.txt/",
    "there.txt//", "there.txt/x", "there.txt;v=1", "there.txt;", ";jsessionid=1", "there.txt%3bv=1", "there.txt,v",
    "there.txt~", "there.txt?x", "there.txt?/../../x", "there.txt%3fx", "there.txt#x", "there.txt%23x", "there*.txt",
    "ther%3f.txt", "th[e]re.txt", "<there>", "%3cscript%3e", "%22", "'%20or%201=1--", "%60id%60", "$(id)", "{{7*7}}",
    "%25s%25n", "../there.txt",
)  # fmt: skip
TWINS: Final = (
    "r\u00e9sum\u00e9", "re\u0301sume\u0301", "\u212b", "\u00c5", "A\u030a", "\u1e9e", "\u00df", "SS", "\u0131", "\u0130",
    "I\u0307", "\u017f", "\u212a", "K", "\ufb01", "fi", "\uff41", "\u0430", "\uac00", "\u1100\u1161", "\u0344", "\u0958",
    "\u2126", "\u03c2",
)  # fmt: skip
RESERVED: Final = (".versions", ".at", ".trash", ".rescue")
AROUND_RESERVED: Final = (
    "{}", "{}/", "{}/x", "{}/x/y", "{}/../x", "{}%2f", "{}%5cx", "{}.", "{}%20", "%20{}", "{}%00", "{}%00/x", "{}::$DATA",
    "{};x", "{}%e2%80%8b", "%e2%80%8b{}", "{}%c2%ad", "{}//", "{}/./", "{}/{}", "{}/.versions", "{}/.at", "{}/.trash",
    "{}/" + PRIVATE, "{}/" + PLAN, "{}/0", "{}/-1", "{}/1", "{}/999999999999999999", "{}/9999999999999999999999", "{}/%d9%a1",
    "{}/1e9", "{}/NaN",
)  # fmt: skip
PAST: Final = (
    f"/dav/{PRIVATE}/.versions", f"/dav/{PRIVATE}/.versions/{PLAN}", f"/dav/{PRIVATE}/.versions/{PLAN}/1",
    f"/dav/{PRIVATE}/.versions/{PLAN}/0001%20x", f"/dav/.versions/{PRIVATE}/.versions/{PLAN}/1", f"/dav/.versions/={UUID}",
    f"/dav/.versions/={UUID}/1", f"/dav/work/.versions/={UUID}/1", f"/dav/.versions/%3d{UUID}/1",
    f"/dav/.versions/={UUID}%00/1", "/dav/.versions/=", "/dav/.versions/=00000000-0000-4000-8000-000000000000/1",
    f"/dav/.at/2026-11-20T12:00:01/{PRIVATE}/{PLAN}", f"/dav/.at/2026-11-20T12.00.01/{PRIVATE}",
    f"/dav/.at/2026-11-20T12%3a00%3a01Z/{PRIVATE}/{PLAN}", f"/dav/.at/now/{PRIVATE}/{PLAN}",
    "/dav/.at/2026-11-20T12:00:01/work/there.txt", "/dav/.at/2026-11-20T12:00:01/work/%2e%2e/x",
    "/dav/.at/2026-11-20T12:00:01/.trash", "/dav/.at/2026-11-20T12:00:01/.at/2026-11-20T12:00:01/work",
    "/dav/.at/2026-11-20T12:00:01/work/.versions/there.txt/1", "/dav/.at/0000-00-00T00:00",
    "/dav/.at/9999-12-31T23:59:59+23:59", "/dav/.at/-1", "/dav/.at/2026-11-20T12:00:01%2b99:99", "/dav/.at/2026-02-30",
    "/dav/.at/2026-11-20T25:61", "/dav/.at/%d9%a2%d9%a0%d9%a2%d9%a6-11-20T12:00", "/dav/.at/1", "/dav/.at/0001-01-01",
    "/dav/.at/0001-01-01T00:00:00+14:00", "/dav/.at/" + "9" * 200, "/dav/.at/..%00", "/dav/.trash/0", "/dav/.trash/1",
    "/dav/.trash/2", f"/dav/.trash/1/{PRIVATE}/{PLAN}", f"/dav/.trash/2/{PLAN}", f"/dav/.trash/{PLAN}%203",
    "/dav/.trash/%203.txt", "/dav/.trash/" + "9" * 200, "/dav/.rescue/..%2f..%2fx", "/dav/.rescue/x/y/z",
    "/dav/.Versions/there.txt", "/dav/.TRASH", "/dav/%2eversions/x", "/dav/%252eversions", "/dav/work/.versions/there.txt/1",
    "/dav/work/.versions/there.txt/0", "/dav/work/.versions/there.txt/99999999999", "/dav/work/.versions/there.txt/1/x",
    "/dav/work/.versions/there.txt/x", "/dav/work/.versions/.versions/.versions/.versions", "/dav/work/there.txt/.versions/1",
    "/dav/.versions/work/there.txt/1",
)  # fmt: skip
ABOUT_THE_MOUNT: Final = (
    "/", "//", "*", "/dav", "/dav/", "/dav//", "//dav/work/x", "///dav///work///x", "/dav//work//x", "/./dav/work/x",
    "/dav/./work/x", "/x/../dav/work/x", "/DAV/work/x", "/%64av/work/x", "/d%61v/%77ork/x", "/%2564av/work/x", "/dav%2fwork/x",
    "/dav%5cwork/x", "/dav\\work", "/dav%00/work/x", "/dav%20/work/x", "/dav;/work/x", "/dav;x=1/work/x", "/davx",
    "/dav-work/x", "/da", "/d", "/dav.", "/dav?", "/dav?/work", "/dav#/work", "/%2fdav/work", "\\dav\\work\\x", "dav/work/x",
    "work/x", "./x", "../x", "?x", "#x", "/healthz/../dav/work/x", "/metrics%2f..%2fdav", "/dav/work/../../metrics",
    "/etc/passwd", "/%2e%2e/etc/passwd", "/proc/self/environ",
)  # fmt: skip
ABSOLUTE: Final = (
    "http://drive.test/dav/work/x", "https://drive.test/dav/work/x", "HTTP://DRIVE.TEST/dav/work/x",
    "http://drive.test:80/dav/work/x", "http://drive.test:443/dav/work/x", "http://drive.test:/dav/work/x",
    "http://drive.test:8080/dav/work/x", "http://drive.test:99999/dav/work/x", "http://drive.test:-1/dav/work/x",
    "http://drive.test:80:80/dav/work/x", "http://drive.test./dav/work/x", "http://evil.test/dav/work/x", "http://evil.test",
    "http://evil.test/", "http://evil.test:80/dav/", "http://user@drive.test/dav/work/x",
    "http://user:pw@drive.test/dav/work/x", "http://drive.test@evil.test/dav/work/x", "http://evil.test@drive.test/dav/work/x",
    "http://evil.test%40drive.test/dav/work/x", "http://drive.test%2eevil.test/dav/work/x",
    "http://drive.test%00.evil.test/dav/work/x", "http://drive.test\\@evil.test/dav/x", "http://drive.test,evil.test/dav/x",
    "http://[::1]/dav/work/x", "http://[drive.test]/dav/work/x", "http://127.0.0.1/dav/work/x", "http://0/dav/x",
    "http://2130706433/dav/x", "http://169.254.169.254/dav/work/x", "http:///dav/work/x", "http://?/dav", "http:/dav/work/x",
    "http:dav/work/x", "//evil.test/dav/work/x", "//drive.test/dav/work/x", "https:////dav/work/x",
    "ftp://drive.test/dav/work/x", "file:///etc/passwd", "file:///dav/work/x", "javascript:alert(1)", "data:text/plain,x",
    "urn:uuid:0", "http://drive.test", "http://drive.test/", "http://drive.test/dav", "http://drive.test/dav/../work/x",
    "http://drive.test/dav/%2e%2e/x", "http://drive.test/dav/work/x?y", "http://drive.test/dav/work/x#y",
    "http://drive.test#/dav/work/x", "http://drive.test?/dav/work/x", f"http://drive.test/dav/{PRIVATE}/{PLAN}",
    "http://drive.test/other/x", "http://drive.test/DAV/x", "http://drive.test/dav%2fwork", "http%3a//drive.test/dav/work/x",
    "http://drive.test//dav//work//x",
)  # fmt: skip


def _of_dots() -> Iterator[str]:
    return (around.format(dots) for around in AROUND_DOTS for dots in DOTS)


def _of_separators() -> Iterator[str]:
    for separator in SEPARATORS:
        yield f"/dav/work{separator}there.txt"
        yield f"/dav/work{separator}..{separator}{PRIVATE}{separator}{PLAN}"
        yield f"/dav{separator}{PRIVATE}{separator}{PLAN}"


def _of_characters() -> Iterator[str]:
    for code in (*range(0x21), 0x7F):
        yield f"/dav/work/a%{code:02x}b"
    for mark in MARKS:
        yield f"/dav/work/a{_percent(mark)}b"
    for mark in MARKS[:20]:
        yield f"/dav/work/there{_percent(mark)}.txt"
        yield f"/dav/{_percent(mark)}{PRIVATE}/{PLAN}"
    yield from ("/dav/work/a\x01b", "/dav/work/a\tb", "/dav/work/a b", "/dav/work/a\x7fb", _raw("/dav/work/\u202eb"))


def _of_bad_bytes() -> Iterator[str]:
    for bad in (*BAD_UTF8, *BAD_ESCAPES):
        yield f"/dav/work/a{bad}b"
    for bad in BAD_UTF8[:12]:
        yield f"/dav/{bad}/{PRIVATE}/{PLAN}"


def _of_windows() -> Iterator[str]:
    return (f"/dav/work/{name}" for name in DEVICES)


def _of_twins() -> Iterator[str]:
    for twin in TWINS:
        yield f"/dav/work/{_percent(twin)}"
    for twin in TWINS[:8]:
        yield _raw(f"/dav/work/{twin}")
    yield from (f"/dav/{PRIVATE.upper()}/{PLAN}", f"/dav/{PRIVATE}/{PLAN.upper()}")
    yield from (f"/dav/{PRIVATE}", f"/dav/{PRIVATE}/", f"/dav/{PRIVATE}/{PLAN}")


def _of_reserved() -> Iterator[str]:
    for name in RESERVED:
        for around in AROUND_RESERVED:
            yield "/dav/" + around.format(name, name)
        yield from (f"/dav/work/{name}", f"/dav/work/{name}/there.txt", f"/dav/{name.upper()}/x", f"/dav/%2E{name[1:]}/x")
        yield from (f"/dav/%252e{name[1:]}/x", f"/dav/%ef%bc%8e{name[1:]}/x", f"/dav//{name}//x", f"/dav/{PRIVATE}/{name}/{PLAN}")


def _of_lengths() -> Iterator[str]:
    for length in (254, 255, 256, 1000):
        yield f"/dav/work/{'x' * length}"
        yield f"/dav/work/{'%78' * length}"
        yield f"/dav/work/{'%C3%A4' * (length // 2)}"
    full = "/".join(["x" * 255] * 16)  # 4,095 bytes with its slashes
    yield from (f"/dav/{full}", f"/dav/{full}/", f"/dav/{full}/x", f"/dav/{full[:-1]}/x", "/dav" + "/" * 5000)
    for count in (64, 65, 1000):
        yield "/dav" + "/x" * count
    yield from (f"/dav/work/{'a/' * 62}b", f"/dav/work/{'../' * 400}x", f"/dav/{'.versions/' * 60}x", "/dav/" + "x" * 20_000)


FAMILIES: Final = {
    "dots": _of_dots,
    "separators": _of_separators,
    "characters": _of_characters,
    "bad-bytes": _of_bad_bytes,
    "windows": _of_windows,
    "twins": _of_twins,
    "reserved": _of_reserved,
    "past": lambda: iter(PAST),
    "mount": lambda: iter(ABOUT_THE_MOUNT),
    "absolute": lambda: iter(ABSOLUTE),
    "lengths": _of_lengths,
}
