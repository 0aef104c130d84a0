"""Addresses in and out: which place a request target means, which are refused, and how one is written."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davgate.http.targets import Target, normal_path, parse_reference, parse_target, quote_path
from davgate.model.conditions import ELSEWHERE
from davgate.model.errors import InvalidName, Malformed, NameTooLong, NotFound
from davgate.model.names import PathLimits, check_name

NFD = unicodedata.normalize("NFD", "résumé")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/dav", ()),
        ("/dav/", ()),
        ("/dav/a", ("a",)),
        ("/dav/a/b.txt", ("a", "b.txt")),
        ("/dav//a///b", ("a", "b")),
        ("//dav/a", ("a",)),
        ("/dav/a?web=1", ("a",)),
        ("/dav/?/..", ()),
        ("/dav/a%20b/c", ("a b", "c")),
        ("/dav/a+b", ("a+b",)),
        ("/dav/x%2520y", ("x%20y",)),
        ("/dav/100%25%20done", ("100% done",)),
        ("/dav/a%23b%3Fc", ("a#b?c",)),
        ("/dav/%e6%97%a5%E6%9C%AC", ("日本",)),
        ("/dav/%F0%9F%93%84", ("📄",)),
        ("/dav/r%C3%A9sum%C3%A9", ("résumé",)),
        ("/dav/re%CC%81sume%CC%81", (NFD,)),
        ("/dav/résumé".encode().decode("latin-1"), ("résumé",)),
        ("/dav/~$x.docx", ("~$x.docx",)),
        ("/dav/.~lock.x%20y.odt%23", (".~lock.x y.odt#",)),
        ("/dav/UPPER/upper", ("UPPER", "upper")),
        ("/dav/...", ("...",)),
        ("/dav/..a/.b/c.", ("..a", ".b", "c.")),
        ("/dav/%2e%2e%2e", ("...",)),
        ("/dav/a%5Cb", ("a\\b",)),
        ("/dav/a;v=1", ("a;v=1",)),
        ("/%64av/a", ("a",)),
        ("http://host/dav/a", ("a",)),
        ("HTTP://host/dav/a%20b?q", ("a b",)),
        ("/dav/" + "a" * 255, ("a" * 255,)),
    ],
)
def test_target_names_a_place(raw: str, path: tuple[str, ...]) -> None:
    assert parse_target(raw, "/dav").path == path


@pytest.mark.parametrize(
    ("raw", "wants"),
    [
        ("/dav", False),
        ("/dav/", True),
        ("/dav/a", False),
        ("/dav/a/", True),
        ("/dav/a//", True),
        ("/dav/%20/", True),
        ("/dav/%20", False),
        ("/dav/a?/", False),
        ("/dav/a/?x", True),
    ],
)
def test_slash_at_the_end_wants_a_collection(raw: str, wants: bool) -> None:
    assert parse_target(raw, "/dav").wants_collection is wants


@pytest.mark.parametrize("raw", ["/", "/a", "/a%20b/c/"])
def test_the_root_can_be_the_mount(raw: str) -> None:
    assert parse_target(raw, "") == Target(parse_target("/dav" + raw, "/dav").path, raw.endswith("/"))


@pytest.mark.parametrize(
    "raw",
    [
        "/dav/.",
        "/dav/..",
        "/dav/../a",
        "/dav/a/..",
        "/dav/a/../b",
        "/dav/a/./b",
        "/dav/a/.?q",
        "/dav/%2e",
        "/dav/%2E%2e/a",
        "/dav/.%2e/",
        "/x/../dav/a",
        "/dav/a%2Fb",
        "/dav/a%2fb",
        "/dav/%2F",
        "/dav/%2F..%2F..%2Fetc",
        "/dav/a%00b",
        "/dav/a%00",
        "/dav/a%0Ab",
        "/dav/%1f",
        "/dav/%7F",
        "/dav/%EF%BF%BE",
        "/dav/a\tb",
    ],
)
def test_name_that_is_never_stored_is_refused(raw: str) -> None:
    with pytest.raises(InvalidName):
        parse_target(raw, "/dav")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "*",
        "dav/a",
        "http://",
        "host:80",
        "/dav/%",
        "/dav/%4",
        "/dav/%zz",
        "/dav/%4/x",
        "/dav/100% done",
        "/dav/%%41",
        "/dav/%+41",
        "/dav/%ff",
        "/dav/%C3",
        "/dav/%C3/%A9",
        "/dav/%C0%AF",
        "/dav/%C0%AE%C0%AE/",
        "/dav/%ED%A0%80",
        "/dav/%F5%80%80%80",
        "/dav/\xff",
        "/dav/日本",
        "/dav/a#b",
        "/dav/a\n?x#",
    ],
)
def test_address_that_cannot_be_read_is_refused(raw: str) -> None:
    with pytest.raises(Malformed):
        parse_target(raw, "/dav")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/dav/a%20b?x=%61", "/dav/a%20b"),
        ("/d%61v/%7E%2d%2D%2e%5F%30%39%41%5a%7a", "/dav/~--._09AZz"),
        ("/%64%61%76", "/dav"),
        ("/dav%2Fa%2fb%5C%00%7F%25%3F%23%40%5B%60%7B%3A", "/dav%2Fa%2fb%5C%00%7F%25%3F%23%40%5B%60%7B%3A"),
        ("/%2564av", "/%2564av"),
        ("/%C3%A9/%ff/%/%4/%zz/%6g", "/%C3%A9/%ff/%/%4/%zz/%6g"),
        ("/%%361v", "/%61v"),
    ],
)
def test_unreserved_characters_alone_are_decoded_once_to_find_the_door(raw: str, path: str) -> None:
    # RFC 3986, 2.3 and 6.2.2.2
    assert normal_path(raw) == path


@pytest.mark.parametrize("raw", ["/", "/davx", "/davx/a", "/da", "/DAV/a", "/other/dav/a", "/dav%2520/a"])
def test_address_outside_the_mount_is_not_found(raw: str) -> None:
    with pytest.raises(NotFound):
        parse_target(raw, "/dav")


@pytest.mark.parametrize("letter", ["a", "ä", "日", "📄"])
def test_long_names_and_paths_are_refused_by_their_bytes(letter: str) -> None:
    size = len(letter.encode())
    limits = PathLimits(path_bytes=600, segments=64)
    longest = letter * (255 // size)
    fits = (longest, longest, letter * ((598 - 2 * len(longest.encode())) // size))

    assert parse_target(quote_path(fits, "/dav", collection=True), "/dav", limits).path == fits
    with pytest.raises(NameTooLong, match="600 bytes"):
        parse_target(quote_path((*fits, letter), "/dav", collection=True), "/dav", limits)
    with pytest.raises(NameTooLong, match="255 bytes"):
        parse_target(quote_path((longest + letter,), "/dav", collection=True), "/dav", limits)


@pytest.mark.parametrize("name", ["a", "%20"])
def test_deep_path_is_refused(name: str) -> None:
    assert len(parse_target("/dav" + f"/{name}" * 64, "/dav").path) == 64
    with pytest.raises(NameTooLong, match="64 folders"):
        parse_target("/dav" + f"/{name}" * 65 + "/", "/dav")


def test_target_too_long_to_be_remembered_is_read_alike() -> None:
    path = ("x" * 250,) * 4
    assert parse_target(quote_path(path, "/dav", collection=False), "/dav").path == path


@pytest.mark.parametrize(
    ("path", "collection", "address"),
    [
        ((), True, "/dav/"),
        ((), False, "/dav/"),
        (("a",), False, "/dav/a"),
        (("a", "b c"), True, "/dav/a/b%20c/"),
        (("200% ä#?.txt",), False, "/dav/200%25%20%C3%A4%23%3F.txt"),
        (("a&b<c>'d'\"e\"+;\\",), False, "/dav/a%26b%3Cc%3E%27d%27%22e%22%2B%3B%5C"),
        (("-._~!$()*,=:@",), False, "/dav/-._~!$()*,=:@"),
    ],
)
def test_address_of_a_path(path: tuple[str, ...], collection: bool, address: str) -> None:
    assert quote_path(path, "/dav", collection=collection) == address


def test_address_below_the_root_mount() -> None:
    assert quote_path((), "", collection=True) == "/"
    assert quote_path(("a",), "", collection=True) == "/a/"


def is_name(text: str) -> bool:
    try:
        check_name(text)
    except (InvalidName, NameTooLong):
        return False
    return True


names = st.one_of(
    st.text(st.sampled_from("ab .%/?#&+~$;\\\"'éA\u030a日📄2F"), min_size=1, max_size=12), st.text(min_size=1, max_size=60)
).filter(is_name)


@settings(deadline=None)
@given(path=st.lists(names, max_size=8).map(tuple), collection=st.booleans(), mount=st.sampled_from(["", "/dav", "/a/b c"]))
def test_written_address_is_read_back(path: tuple[str, ...], collection: bool, mount: str) -> None:
    address = quote_path(path, mount, collection=collection)

    assert parse_target(address, mount) == Target(path, collection or not path)
    assert parse_reference("http://h" + address, authority="h", mount=mount) == Target(path, collection or not path)
    assert address.isascii() and not set(address.removeprefix(mount)) & set("&<>\"'?# ")


pieces = st.lists(st.sampled_from(["/", "dav", "/dav/", ".", "%2", "%2e", "F", "%", "é", "\xc3\xa9", "?", "#", "://", "http"]))


@settings(deadline=None)
@given(st.one_of(pieces.map("".join), st.text(), st.text(st.characters(max_codepoint=255))))
def test_every_target_is_a_valid_path_or_refused(raw: str) -> None:
    try:
        target = parse_target(raw, "/dav")
    except (Malformed, NameTooLong, NotFound):
        return
    assert all(is_name(name) for name in target.path)


@settings(deadline=None)
@given(st.one_of(pieces.map("".join), st.text(), st.text(st.characters(max_codepoint=255))))
def test_every_reference_is_a_valid_path_or_elsewhere_or_refused(raw: str) -> None:
    try:
        target = parse_reference(raw, authority="host", mount="/dav")
    except (Malformed, NameTooLong):
        return
    assert target is ELSEWHERE or all(is_name(name) for name in target.path)
