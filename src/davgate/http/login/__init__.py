"""Who makes a request: what it brings to sign in with, and what it is told when that is missing or wrong.

Nothing here proves anything: each module translates headers, and ``core.principals.signing_in`` answers. Start reading at
``remembering``.
"""

from davgate.http.login.challenges import CHALLENGE, REALM, Offered
from davgate.http.login.remembering import Login
from davgate.http.login.token_page import token_page

__all__ = ["CHALLENGE", "REALM", "Login", "Offered", "token_page"]
