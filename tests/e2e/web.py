# SPDX-License-Identifier: BSD-3-Clause
"""An HTTP client for ephemerad's server, from inside eph-fwd."""
import http.client
import json
import socket

import netns
from topology import FWD

ADDRESS = "127.0.0.1"
PORT = 8953
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def connect(port=PORT, seconds=10):
    return netns.within(FWD, lambda: socket.create_connection((ADDRESS, port), seconds))


def get(path, port=PORT, method="GET", **headers):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection(ADDRESS, port)
    connection.sock = connect(port)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def report(path, port=PORT):
    """The JSON of a path, whose status must be 200."""
    status, _, body = get(path, port)
    assert status == 200, (path, status, body)
    return json.loads(body)


def ended(sock):
    """What the server sent until it closed the connection."""
    text = b""
    try:
        while piece := sock.recv(65536):
            text += piece
    except ConnectionResetError:
        pass
    return text
