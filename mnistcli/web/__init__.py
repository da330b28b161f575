"""The page of `mnistcli draw`: HTTP over `recognition`.

Starlette and uvicorn come with the extra `mnistcli[draw]`.
"""

from mnistcli.web.app import make_app
from mnistcli.web.drawings import DrawingFolder
from mnistcli.web.reader import PageReader
from mnistcli.web.server import open_socket, page_hosts, serve

__all__ = ["DrawingFolder", "PageReader", "make_app", "open_socket", "page_hosts", "serve"]
