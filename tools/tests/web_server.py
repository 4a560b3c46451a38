#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""web_server.py [--plain PORT] [--tls PORT CERTIFICATE KEY] [--names NAME=ADDRESS,...]

A small web for a hosted box to import from; runs in the network outside of it. Paths:

    /bytes/N        N bytes that repeat 0 to 255
    /chunked/N      the same, without saying before how many
    /slow/N         the same, one MiB in a second
    /silent/N       one MiB of it, then nothing more
    /short/N        half of it, then the end
    /to/URL         a redirection (URL as it stands)
    everything else is not there

--names answers for the box's resolver, too: for these names, and that there are no others. Prints
'serving' when all of it does.
"""
import argparse
import http.server
import socket
import ssl
import sys
import threading
import time

ADDRESS = "203.0.113.1"
MIB = 1 << 20
PATTERN = bytes(range(256)) * (MIB // 256)


def pieces(count):
    while count > 0:
        yield PATTERN[:min(count, MIB)]
        count -= MIB


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind, _, rest = self.path[1:].partition("/")
        self.close_connection = True
        if kind == "to":
            self.send_response(302)
            self.send_header("Location", rest)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif kind in ("bytes", "chunked", "slow", "silent", "short"):
            getattr(self, kind)(int(rest))
        else:
            self.send_error(404)

    def begin(self, *header):
        self.send_response(200)
        self.send_header(*header)
        self.end_headers()

    def bytes(self, count):
        self.begin("Content-Length", str(count))
        for piece in pieces(count):
            self.wfile.write(piece)

    def slow(self, count):
        self.begin("Content-Length", str(count))
        for piece in pieces(count):
            self.wfile.write(piece)
            time.sleep(1)

    def silent(self, count):
        self.begin("Content-Length", str(count))
        self.wfile.write(PATTERN)
        time.sleep(600)

    def short(self, count):
        self.begin("Content-Length", str(count))
        for piece in pieces(count // 2):
            self.wfile.write(piece)

    def chunked(self, count):
        self.begin("Transfer-Encoding", "chunked")
        for piece in pieces(count):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients come and go

    def get_request(self):
        connection, address = super().get_request()
        connection.settimeout(600)
        return connection, address


def in_thread(function):
    threading.Thread(target=function, daemon=True).start()


def serve(port, context=None):
    server = Server((ADDRESS, port), Handler)
    if context:
        # The handshake is the connection's own thread's, else one that hangs holds up all.
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    in_thread(server.serve_forever)


def answer(question, names):
    """One question about an address of the Internet's kind (RFC 1035)."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    end = at + 5
    kind = int.from_bytes(question[at + 1:at + 3], "big")
    address = names.get(".".join(labels))
    records = b""
    if address and kind == 1:
        records = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(address)
    header = question[:2] + (b"\x81\x80" if address else b"\x81\x83")
    return header + b"\0\1" + (b"\0\1" if records else b"\0\0") + b"\0\0\0\0" + question[12:end] + records


def resolve(names):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ADDRESS, 53))

    def run():
        while True:
            question, address = sock.recvfrom(512)
            sock.sendto(answer(question, names), address)
    in_thread(run)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plain", type=int, action="append", default=[])
    parser.add_argument("--tls", nargs=3, action="append", default=[])
    parser.add_argument("--names")
    options = parser.parse_args()
    for port in options.plain:
        serve(port)
    for port, certificate, key in options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        serve(int(port), context)
    if options.names:
        resolve(dict(pair.split("=") for pair in options.names.split(",")))
    print("serving", flush=True)
    sys.stdin.read()  # until whoever started it goes


if __name__ == "__main__":
    main()
