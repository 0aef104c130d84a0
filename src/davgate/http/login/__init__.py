"""Who makes a request: what it brings to sign in with, and what it is told when that is missing or wrong.

Nothing here proves anything: that is for ``core.principals.signing_in``. These modules translate headers, remember answers for a
while, and keep those who guess from taking all threads. Start reading at ``remembering``.
"""

from davgate.http.login.challenges import CHALLENGE, REALM, Offered
from davgate.http.login.remembering import Login
from davgate.http.login.token_page import token_page

__all__ = ["CHALLENGE", "REALM", "Login", "Offered", "token_page"]
