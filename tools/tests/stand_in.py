# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's stand-in: a namespace of this machine behind a link that bears the port's name, so that
the box's netd plugs it in as it plugs a guest's tap."""
import os
import subprocess
import sys

# Run in the namespace: asks for an address by DHCPv6 (RFC 8415) and prints it.
DHCP6_CLIENT = r"""
import socket, sys, time
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
option = lambda code, value: code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
def options(data):
    found = {}
    while len(data) >= 4:
        size = int.from_bytes(data[2:4], "big")
        found[int.from_bytes(data[:2], "big")] = data[4:4 + size]
        data = data[4 + size:]
    return found
client, association = option(1, b"\0\3\0\1" + mac), option(3, b"\0\0\0\1" + bytes(8))
line = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
line.settimeout(2)
line.bind(("::", 546))
to = ("ff02::1:2", 547, 0, socket.if_nametoindex("eth0"))
def ask(message):
    for attempt in range(10):
        try:
            line.sendto(message, to)
            return line.recv(1500)
        except OSError:  # no answer, or the link-local address is still in question
            time.sleep(0.3)
offer = ask(b"\1abc" + client + association)
reply = ask(b"\3abd" + client + association + option(2, options(offer[4:])[2]))
assert offer[0] == 2 and reply[0] == 7
print(socket.inet_ntop(socket.AF_INET6, options(options(reply[4:])[3][12:])[5][:16]))
"""


class StandIn:
    def __init__(self, box, port):
        self.port, self.name = port, f"stand-in-{port['id'][:8]}"
        with open(os.path.join(box.state, "run/init")) as file:
            init = file.read().split()[0]
        link = "ct" + port["id"].replace("-", "")[:11]
        self.command("ip", "netns", "add", self.name)
        try:
            self.plug(box, init, link)
        except BaseException:
            self.close()
            raise

    def plug(self, box, init, link):
        self.command("nsenter", "-t", init, "-n", "ip", "link", "add", link, "type", "veth",
                     "peer", "name", "eth0", "netns", self.name,
                     "address", self.port["mac_address"])
        # What is changed is plugged in: the link was not there when the port was made.
        reply = box.api.request("PUT", f"/network/v2.0/ports/{self.port['id']}",
                                body={"port": {"name": "plugged"}})
        assert reply.status == 200, reply.body

    @staticmethod
    def command(*words, check=True):
        return subprocess.run(words, text=True, capture_output=True, check=check)

    def run(self, *words, check=True):
        return self.command("ip", "netns", "exec", self.name, *words, check=check)

    def up(self):
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "link", "set", "eth0", "up")

    def addresses(self):
        """The IPv6 addresses that can be used now."""
        lines = self.run("ip", "-6", "-o", "addr", "show", "dev", "eth0", "-tentative").stdout
        return {line.split()[3].split("/")[0] for line in lines.splitlines()}

    def has_router(self):
        return "default via fe80:" in self.run("ip", "-6", "route").stdout

    def dhcp6(self):
        address = self.run(sys.executable, "-c", DHCP6_CLIENT,
                           self.port["mac_address"]).stdout.strip()
        self.run("ip", "addr", "add", f"{address}/128", "dev", "eth0", "nodad")
        return address

    def reaches(self, address):
        ping = "ping6" if ":" in address else "ping"
        return self.run("busybox", ping, "-c", "1", "-W", "3", address, check=False).returncode == 0

    def close(self):
        self.command("ip", "netns", "del", self.name, check=False)
