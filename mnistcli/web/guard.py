"""What every request must have, and what every answer says, so that no other site gets anything.

A page of another site can send requests to this server, but it can neither read the token nor send
a header of its own. One whose name's address turns into this machine's (DNS rebinding) has its own
name as the host.
"""

import secrets
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "x-mnistcli-token"
GUARDED_PATH = "/api/"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def error_response(status: int, message: str, *hints: str) -> JSONResponse:
    """Return the answer to a request that cannot be met.

    Args:
        status: of HTTP.
        message: what happened.
        hints: what was expected, or how to mend it.
    """
    return JSONResponse({"error": {"message": message, "hints": list(hints)}}, status)


class Guard:
    """An app in front of another that refuses what does not come from the page itself.

    Args:
        app: the app to protect.
        hosts: the names and ports by which the page may be opened, such as 127.0.0.1:8000.
        token: the secret that the page sends with each request that does something.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], token: str) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the app answer it."""
        if scope["type"] != "http":  # there are no web sockets
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refusal = self._refuse(scope)
        await (refusal or self.app)(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope) -> JSONResponse | None:
        """Return the answer to a request that is refused; None for one that is not."""
        headers = Headers(scope=scope)
        if headers.getlist("host") not in [[host] for host in self.hosts]:
            return error_response(
                403, "this name of the page is not allowed", "open the address that mnistcli shows"
            )
        token = headers.get(TOKEN_HEADER, "").encode("latin-1", "replace")
        if scope["path"].startswith(GUARDED_PATH) and not secrets.compare_digest(token, self.token):
            return error_response(
                403, "the page is of an earlier start of mnistcli", "load the page again"
            )
        return None
