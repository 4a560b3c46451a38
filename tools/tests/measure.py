# SPDX-License-Identifier: GPL-2.0-or-later
"""What budgets and benchmarks share: a hosted box, looked at from outside, and plain fast requests."""
import json
import os
import re
import socket
import ssl
import statistics
import time
from datetime import datetime

from box import Box, wait_for

ROLES = ("init", "cloud", "vmm", "netd", "svc", "console", "fetch")
MICROVERSION = {"X-OpenStack-Nova-API-Version": "2.90"}


def samples(action, times):
    """How long each of many calls takes, in seconds; the first call is not counted."""
    action()
    return [timed(action) for _ in range(times)]


def timed(action):
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def rates(ours, other, seconds):
    """How often a second each of two actions can be done: in turns, by the median of each, so that
    what else the machine does meets both alike."""
    taken, end = ([], []), time.perf_counter() + seconds
    for action in (ours, other):
        action()
    while time.perf_counter() < end:
        taken[0].append(timed(ours))
        taken[1].append(timed(other))
    return [1 / statistics.median(each) for each in taken]


class Connection:
    """One TLS connection that is kept: no more work here than a reply needs."""

    def __init__(self, api):
        self.host, _, port = api.host.partition(":")
        plain = socket.create_connection((self.host, int(port)), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = api.context.wrap_socket(plain, server_hostname=self.host)

    def request(self, method, path, body=b"", **headers):
        """The status and the body; header names have '_' for '-'."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.tls.sendall("\r\n".join(lines + ["", ""]).encode() + body)
        return self.reply()

    def reply(self):
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.receive(65536)
        head = bytes(data[:end]).decode("latin-1")
        length = re.search(r"(?im)^content-length: *(\d+)", head)
        length = int(length.group(1)) if length else 0
        while len(data) < end + 4 + length:
            data += self.receive(65536)
        return int(head.split()[1]), bytes(data[end + 4:])

    def receive(self, size):
        data = self.tls.recv(size)
        if not data:
            raise ConnectionError("the box closed the connection")
        return data

    def get(self, path, token):
        status, body = self.request("GET", path, X_Auth_Token=token)
        assert status == 200, f"GET {path}: {status} {body[:200]}"
        return body


class MeasuredBox(Box):
    """A hosted box without quotas, that can be filled with guests of 16 MiB which boot nothing."""

    small = None

    def start(self):
        super().start()
        self.token = self.api.login()
        return self

    def close(self):
        # Guests that run no operating system hear no power button.
        self.tool("cut", check=False)
        super().close()

    def prepare(self):
        """Quotas off, and the image and flavor for servers of next to no cost; once."""
        if self.small:
            return
        token = self.api.get("/identity/v3/auth/tokens", headers={"X-Subject-Token": self.token})
        project = token["token"]["project"]["id"]
        self.send("PUT", f"/compute/v2.1/os-quota-sets/{project}", 200,
                  {"quota_set": {"instances": -1, "cores": -1, "ram": -1}})
        self.small = self.send("POST", "/compute/v2.1/flavors", 200, {"flavor": {
            "name": "smallest", "ram": 16, "vcpus": 1, "disk": 0}})["flavor"]["id"]
        self.empty = self.add_data("empty", b"\0" * (1 << 20))

    def send(self, method, path, status, body, headers=MICROVERSION):
        reply = self.api.request(method, path, body=body, headers=headers)
        assert reply.status == status, f"{method} {path}: {reply.status} {reply.body[:400]}"
        return json.loads(reply.body or b"null")

    def new_image(self, name):
        return self.send("POST", "/image/v2/images", 201, {
            "name": name, "disk_format": "raw", "container_format": "bare"})["id"]

    def add_data(self, name, data):
        image = self.new_image(name)
        self.send("PUT", f"/image/v2/images/{image}/file", 204, data,
                  {"Content-Type": "application/octet-stream"})
        return image

    def create(self, name):
        """Asks for a server; its id."""
        return self.send("POST", "/compute/v2.1/servers", 202, {"server": {
            "name": name, "imageRef": self.empty, "flavorRef": self.small,
            "networks": "none"}})["server"]["id"]

    def second_network(self):
        network = self.send("POST", "/network/v2.0/networks", 201, {"network": {"name": "second"}})
        self.send("POST", "/network/v2.0/subnets", 201, {"subnet": {
            "network_id": network["network"]["id"], "ip_version": 4, "cidr": "10.30.0.0/24"}})
        wait_for("its services", lambda: len(self.pss("svc")) == 2)
        time.sleep(1)

    def servers(self):
        return self.api.get("/compute/v2.1/servers/detail")["servers"]

    def settle(self):
        """Waits until nothing is being built; how many servers run. Those for which the machine has
        too few processors end in ERROR: records like the others, without a guest."""
        def built():
            states = [server["status"] for server in self.servers()]
            return None if "BUILD" in states else states
        return wait_for("all servers to be built", built, pause=0.5).count("ACTIVE")

    def log(self):
        with open(os.path.join(self.state, "run/log"), encoding="utf-8") as file:
            return file.read()

    def create_seconds(self, name):
        """From before the request is sent until QEMU executes, by vmm's log."""
        begun = time.time()
        server = self.create(name)
        line = wait_for("QEMU to execute", lambda: re.search(
            rf"^(\S+) .*qemu executes id={server} .*", self.log(), re.MULTILINE),
                        pause=0.05)
        return datetime.fromisoformat(line.group(1).replace("Z", "+00:00")).timestamp() - begun

    def pids(self, *roles):
        """The box's processes of some roles, as this machine counts them."""
        return [pid for pid, name in self.named().items() if name in roles]

    def init_pid(self):
        with open(os.path.join(self.state, "run/init"), encoding="ascii") as file:
            return int(file.read().split()[0])

    def named(self):
        """The names of all processes in the box, by their numbers on this machine."""
        space, found = os.readlink(f"/proc/{self.init_pid()}/ns/pid"), {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    name = file.read().strip()
                if os.readlink(f"/proc/{pid}/ns/pid") == space:
                    found[int(pid)] = name
            except OSError:
                continue  # it ended meanwhile
        return found

    def pss(self, *roles):
        """Bytes of proportional memory, of each process."""
        return [field(pid, "smaps_rollup", "Pss:") * 1024 for pid in self.pids(*roles)]

    def written(self, *roles):
        """Bytes that processes have had written to disks so far."""
        return sum(field(pid, "io", "write_bytes:") for pid in self.pids(*roles))


def field(pid, file, name):
    with open(f"/proc/{pid}/{file}", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))
