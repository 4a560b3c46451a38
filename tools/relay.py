#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""relay.py SPACE PORT: what listens on 127.0.0.1:PORT here answers on the same address in another network
namespace (a path such as /proc/PID/ns/net), too. Says 'serving', and ends with its standard input."""
import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


def enter(space):
    with open(space, "rb") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), f"setns {space}")


def listen_in(space, port):
    """A socket belongs to the namespace that it was made in, wherever its process goes."""
    with open("/proc/self/ns/net", "rb") as home:
        enter(space)
        try:
            return socket.create_server(("127.0.0.1", port), backlog=256)
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def serve(listener, port):
    async def relay(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        far_writer.close()
        writer.close()

    server = await asyncio.start_server(relay, sock=listener)
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(sys.stdin.fileno(), lambda: os.read(0, 1) or ended.done() or
                    ended.set_result(None))
    print("serving", flush=True)
    async with server:
        await ended


def main():
    space, port = sys.argv[1], int(sys.argv[2])
    asyncio.run(serve(listen_in(space, port), port))


if __name__ == "__main__":
    main()
