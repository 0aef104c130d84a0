"""Drives a running LibreOffice through UNO; a program of its own, because UNO belongs to Debian's Python.

Arguments: the pipe's name, a user and a password. Each line of standard input is a command as JSON,
``{"do": "open", "url": ...}``; each is answered by one line, ``{"done": ...}`` or ``{"failed": "..."}``. The document
opened last is the one that is worked on.
"""

import json
import os
import sys
import time

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.task import XInteractionHandler2
from com.sun.star.uno import Exception as UnoException

CONNECT_SECONDS = 60


class SignIn(unohelper.Base, XInteractionHandler2):
    """Answers a request for a password and nothing else, as a person would in the dialog."""

    def __init__(self, user, password):
        self._user, self._password = user, password

    def handle(self, request):
        self.handleInteractionRequest(request)

    def handleInteractionRequest(self, request):
        # The answers on offer tell what is asked: the request itself is an exception, which pyuno fails to hand over.
        for answer in request.getContinuations():
            if hasattr(answer, "setPassword"):
                answer.setUserName(self._user)
                answer.setPassword(self._password)
                answer.select()
                return True
        return False


class Writer:
    """One LibreOffice with at most one text document."""

    def __init__(self, pipe, user, password):
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except NoConnectException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        self._desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        self._sign_in = SignIn(user, password)
        self._document = None

    def new(self):
        self._document = self._load("private:factory/swriter")

    def open(self, url):
        """Open a document and tell whether it may be changed."""
        self._document = self._load(url)
        return not self._document.isReadonly()

    def text(self):
        return self._document.getText().getString()

    def append(self, text):
        body = self._document.getText()
        cursor = body.createTextCursor()
        cursor.gotoEnd(False)
        body.insertString(cursor, text, False)

    def store_as(self, url):
        self._document.storeAsURL(url, self._descriptor())

    def store(self):
        self._document.store()

    def close(self):
        self._document.close(True)
        self._document = None

    def quit(self):
        self._desktop.terminate()

    def _load(self, url):
        return self._desktop.loadComponentFromURL(url, "_blank", 0, self._descriptor(Hidden=True))

    def _descriptor(self, **properties):
        found = []
        # While a document is loaded, only the second of these two is asked for a password.
        handlers = {"InteractionHandler": self._sign_in, "AuthenticationHandler": self._sign_in}
        for name, value in {**handlers, **properties}.items():
            entry = PropertyValue()
            entry.Name, entry.Value = name, value
            found.append(entry)
        return tuple(found)


def main():
    writer = Writer(*sys.argv[1:4])
    print(json.dumps({"done": "connected"}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"done": getattr(writer, command.pop("do"))(**command)}
        except UnoException as error:
            answer = {"failed": f"{type(error).__name__}: {error.Message}"}
        print(json.dumps(answer), flush=True)
    # Not by returning: with the office gone, pyuno may crash while Python cleans up.
    os._exit(0)


main()
