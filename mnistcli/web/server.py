"""The server of the page, which only this machine reaches."""

import asyncio
import errno
import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from mnistcli.errors import MnistcliError, command_line

HOST = "127.0.0.1"
PORTS_TO_TRY = 100
BACKLOG = 128
MAX_CONNECTIONS = 64  # each may send a picture of 40 MB
SECONDS_TO_END = 2


def open_socket(port: int) -> socket.socket:
    """Return a socket that listens on a port of this machine; 0 stands for any free one.

    Raises:
        MnistcliError: the port is in use, or not permitted.
    """
    try:
        return _listen(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise MnistcliError(
                f"port {port} cannot be used: {error.strerror}", "expected another, with --port"
            ) from None
    free_port = _find_free_port(port + 1)
    raise MnistcliError(
        f"port {port} is in use, perhaps by another `mnistcli draw`",
        f"expected a free one: {command_line('draw', '--port', free_port)}",
    )


def page_hosts(port: int) -> list[str]:
    """Return the hosts that a browser names where it opens the page on a port."""
    ports = ["", ":80"] if port == 80 else [f":{port}"]  # a browser leaves the usual one out
    return [f"{name}{suffix}" for name in (HOST, "localhost") for suffix in ports]


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer requests until a signal ends the process, which is raised again at the end."""
    config = uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # a warning is a request that is no HTTP
    logging.getLogger("uvicorn.error").addFilter(_is_mistake)
    uvicorn.Server(config).run(sockets=[listener])


def _is_mistake(record: logging.LogRecord) -> bool:
    """Return whether a message is of a mistake of the program: a signal ends requests, too."""
    error = record.exc_info and record.exc_info[1]
    return error is not None and not isinstance(error, asyncio.CancelledError)


def _listen(port: int) -> socket.socket:
    # With its protocol named, asyncio sends each part of an answer at once (TCP_NODELAY): without,
    # every answer came 40 ms later.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Without it, the port of a server that has just ended would be in use for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _find_free_port(start: int) -> int:
    for port in range(start, min(start + PORTS_TO_TRY, 65_536)):
        try:
            _listen(port).close()
        except OSError:
            continue
        return port
    return 0
