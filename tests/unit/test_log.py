"""The log: one line for each record, the request's id, and nothing that is secret."""

import io
import logging
import re
import time
import warnings
from collections.abc import Iterator

import pytest

from davgate import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Set the log up on a stream and leave logging as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    # A command that a test has run in this process left it on, and what is on is not set up anew.
    logging.captureWarnings(False)
    stream = io.StringIO()
    log.set_up("INFO", stream)
    yield stream
    logging.captureWarnings(False)
    logging.getLogger("davgate").setLevel(logging.NOTSET)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_record_is_one_line_with_time_level_logger_and_request(stream: io.StringIO) -> None:
    token = log.request_id.set("7f3a")
    logging.getLogger("davgate.core.tree").info("moved %d documents", 3)
    log.request_id.reset(token)
    logging.getLogger("davgate.core.tree").warning("later")

    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z INFO davgate\.core\.tree \[7f3a\] moved 3 documents", first)
    assert second.endswith("WARNING davgate.core.tree [-] later")


def test_time_is_utc(stream: io.StringIO) -> None:
    record = logging.LogRecord("davgate", logging.INFO, __file__, 1, "x", None, None)
    record.created = 1_795_183_500.25

    assert log.Formatter().format(record).startswith("2026-11-20T14:05:00.250000Z ")


def test_level_holds_for_davgate_and_warning_for_libraries(stream: io.StringIO) -> None:
    logging.getLogger("davgate.core").debug("unseen")
    logging.getLogger("davgate.core").info("seen")
    logging.getLogger("sqlalchemy.engine").info("unseen")
    logging.getLogger("cheroot").warning("seen")

    assert [line.rpartition(" ")[2] for line in stream.getvalue().splitlines()] == ["seen", "seen"]


def test_second_set_up_replaces_the_first(stream: io.StringIO) -> None:
    second = io.StringIO()
    log.set_up("ERROR", second)
    logging.getLogger("davgate").warning("unseen")
    logging.getLogger("davgate").error("seen")

    assert stream.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1


def test_traceback_stays_in_the_line_and_loses_its_secrets(stream: io.StringIO) -> None:
    try:
        raise OSError("cannot reach postgresql://davgate:s3cret@db/davgate")
    except OSError:
        logging.getLogger("davgate").exception("no database")

    assert len(stream.getvalue().splitlines()) == 1
    assert "Traceback" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()


def test_warning_of_python_becomes_a_record(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log.set_up("INFO", stream)
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert "WARNING py.warnings [-]" in stream.getvalue()


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\u2028b", "a\x85b", "a\x1b[2Jb", "a\udcffb"])
def test_name_sent_by_a_client_cannot_pass_for_a_record(stream: io.StringIO, name: str) -> None:
    token = log.request_id.set(name)
    logging.getLogger("davgate").info("GET %s", name)
    log.request_id.reset(token)

    assert len(stream.getvalue().splitlines()) == 1
    assert name not in stream.getvalue()
    stream.getvalue().encode("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic YW5uOnMzY3JldA==s3cret",
        "proxy-authorization: Bearer s3cret",
        'Authorization: Digest username="ann", response="s3cret"',
        "{'Authorization': 'Basic s3cret'}",
        "('HTTP_AUTHORIZATION', 'Basic s3cret')",
        "[(b'authorization', b'Basic s3cret')]",
        "Cookie: session=s3cret",
        "postgresql://ann:s3cret@db:5432/davgate",
        "postgresql://ann:s3c@s3cret@db/davgate",
        "https://:s3cret@example.org/",
        "postgresql://db/davgate?user=ann&password=s3cret&sslmode=require",
        "host=db password=s3cret dbname=davgate",
        "host=db password='s3 s3cret' dbname=davgate",
        "connect(user='ann', password='s3cret')",
        '{"password": "s3cret"}',
        "passwd: s3cret",
        "GET /dav/a.txt?token=s3cret&web=1",
        "GET /dav/a.txt?web=1&access_token=s3cret",
        "GET /?api_key=s3cret",
        "GET /?X-Amz-Signature=s3cret",
        "POST grant_type=x&client_secret=s3cret&assertion=s3cret",
        "X-Auth-Token: s3cret",
        "X-Proxy-Secret: s3cret",
        "('token', 's3cret')",
        "[(b'x-api-key', b's3cret')]",
        "bindpw s3cret".replace(" ", "="),
        "passphrase='s3 s3cret'",
        "Pwd=s3cret;Database=davgate",
        "refused: Bearer abcdefghijklmnop.s3cret",
        "refused: Basic YW5uOnMzY3JldA+s3cret==",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.s3cret",
        "kept $argon2id$v=19$m=65536,t=3,p=4$c2FsdA$s3cret",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\ns3cret\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\ns3cret",
    ],
)
def test_secret_is_not_logged(stream: io.StringIO, text: str) -> None:
    logging.getLogger("davgate").info("%s", text)

    assert "s3cret" not in stream.getvalue()
    assert "***" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "PUT /dav/contract.docx 204 4096 bytes",
        "lock opaquelocktoken:0b1c7d0e-7a53-4d2f-9a05-3f6e1a2b9a10 broken by ann",
        "http://127.0.0.1:8080/dav/ann@example.org/x",
        "the password of ann was changed",
        "Lock-Token: <opaquelocktoken:0b1c7d0e-7a53-4d2f-9a05-3f6e1a2b9a10>",
        "lock_token=0b1c7d0e-7a53-4d2f-9a05-3f6e1a2b9a10",
        "sync-token: urn:davgate:sync:17",
        "Basic sign-in is on; Bearer tokens are refused",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert log.redact(text) == text


def test_secret_between_others_leaves_them() -> None:
    text = "postgresql://ann:s3cret@db/davgate?application_name=x"

    assert log.redact(text) == "postgresql://ann:***@db/davgate?application_name=x"


@pytest.mark.parametrize(
    "part",
    ["//a:", "authorization", "password ", "token=", "Basic ", "eyJaaaaaaaaa.", "$argon2id$", "-----BEGIN PRIVATE KEY-----"],
)
def test_redaction_takes_time_in_proportion_to_the_text(part: str) -> None:
    text = part * (65_536 // len(part))
    begun = time.process_time()

    log.redact(text)

    assert time.process_time() - begun < 0.5
