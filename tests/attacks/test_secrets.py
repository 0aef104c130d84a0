"""What a client sends as a secret, wherever it puts it, reaches no line of the log and no answer."""

from __future__ import annotations

import base64
from typing import Final

import pytest

from tests.attacks.house import House
from tests.attacks.test_file_names import access_log
from tests.canary import guard

SECRET: Final = guard("x9-a-very-secret-0451")

REQUESTS: Final = {
    "query": ("GET", f"/dav/work/there.txt?token={SECRET}", {}),
    "query-of-several": ("GET", f"/dav/work/there.txt?web=1&access_token={SECRET}&x=y", {}),
    "signature": ("GET", f"/dav/work/there.txt?X-Amz-Signature={SECRET}", {}),
    "api-key": ("GET", f"/?api_key={SECRET}", {}),
    "address-with-a-user": ("GET", f"/dav/http://ann:{SECRET}@drive.test/", {}),
    "absolute": ("GET", f"http://ann:{SECRET}@drive.test/dav/work/there.txt", {}),
    "destination": ("COPY", "/dav/work/there.txt", {"destination": f"http://ann:{SECRET}@drive.test/dav/work/copy.txt"}),
    "destination-elsewhere": ("COPY", "/dav/work/there.txt", {"destination": f"http://ann:{SECRET}@other.test/dav/x"}),
    "bearer": ("GET", "/dav/", {"authorization": f"Bearer {SECRET}"}),
    "digest": ("GET", "/dav/", {"authorization": f'Digest username="ann", response="{SECRET}"'}),
    "basic": ("GET", "/dav/", {"authorization": "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()}),
    "password-as-name": ("GET", "/dav/", {"authorization": "Basic " + base64.b64encode(f"{SECRET}:".encode()).decode()}),
    "raw": ("GET", "/dav/", {"authorization": SECRET}),
    "cookie": ("GET", "/dav/work/there.txt", {"cookie": f"session={SECRET}"}),
    "query-of-okd": ("GET", f"/okd/v1/documents?access_token={SECRET}", {}),
    "query-of-gever": ("GET", f"/gever/work?token={SECRET}", {}),
    "bearer-at-okd": ("GET", "/okd/v1/documents", {"authorization": f"Bearer {SECRET}"}),
    "basic-at-gever": ("GET", "/gever", {"authorization": "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()}),
    "log-in": ("POST", f"/gever/@login?password={SECRET}", {}),
    "lock-token": ("PATCH", "/gever/work/there.txt", {"lock_token": f"<opaquelocktoken:{SECRET}>"}),
    "user-agent": ("GET", "/dav/work/there.txt", {"user_agent": f"curl https://ann:{SECRET}@drive.test/"}),
}


@pytest.mark.parametrize(("method", "target", "fields"), REQUESTS.values(), ids=REQUESTS)
def test_secret_of_a_request_is_not_written_down(house: House, method: str, target: str, fields: dict[str, str]) -> None:
    with access_log() as lines:
        response = house.ann(method, target, **fields)

    assert response.status < 500 or response.status == 502
    assert SECRET not in "".join(lines)
    # An address that names nothing is repeated to who sent it; nothing else is.
    assert SECRET.encode() not in response.body or SECRET in target
    audit = house.database.execute("SELECT * FROM audit").fetchall()
    assert SECRET not in repr(audit)
