# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark of packets: stand-ins on a hosted box's networks, beside bare kernel links in
namespaces that this makes itself. Both sides of a row are measured in turns."""
import os
import statistics
import subprocess
import sys
import time

from box import wait_for
from stand_in import StandIn

SECONDS = 1.0  # of one stream
TURNS = 3
PORTS = (1, 100, 1000)
RULES, GROUPS = 10000, 40
SAMPLES = 8  # of DHCP: svc answers a port ten times at once, then twice a second

SINK = r"""
import socket, sys
server = socket.create_server(("", int(sys.argv[1])))
print("ready", flush=True)
line = server.accept()[0]
while line.recv(1 << 20):
    pass
"""
SOURCE = r"""
import socket, sys, time
line = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=20)
data, sent, begun = bytes(1 << 18), 0, time.perf_counter()
while time.perf_counter() < begun + float(sys.argv[3]):
    line.sendall(data)
    sent += len(data)
line.shutdown(socket.SHUT_WR)
print(sent / (time.perf_counter() - begun) / 1e6)
"""
# Answers each connection's first bytes and closes it.
GREETER = r"""
import socket, sys
server = socket.create_server(("", int(sys.argv[1])), backlog=100)
print("ready", flush=True)
while True:
    with server.accept()[0] as line:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
"""
# A DHCP discovery (RFC 2131) with the broadcast flag, to whoever offers first; milliseconds of each.
DISCOVER = r"""
import os, socket, sys, time
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
line.settimeout(3)
line.bind(("", 68))
for turn in range(int(sys.argv[2])):
    head = b"\1\1\6\0" + os.urandom(4) + b"\0\0\x80\0" + bytes(16) + mac + bytes(10 + 192)
    begun = time.perf_counter()
    line.sendto(head + bytes.fromhex("63825363350101ff"), ("255.255.255.255", 67))
    reply = line.recv(1500)
    assert reply[4:8] == head[4:8]
    print((time.perf_counter() - begun) * 1e3)
    time.sleep(0.6)
"""
ECHO = r"""
import socket, sys, time
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.settimeout(3)
if len(sys.argv) == 2:
    line.bind(("", int(sys.argv[1])))
    print("ready", flush=True)
    line.settimeout(None)
    while True:
        line.sendto(*line.recvfrom(1500))
for turn in range(int(sys.argv[3])):
    begun = time.perf_counter()
    line.sendto(bytes(300), (sys.argv[1], int(sys.argv[2])))
    line.recv(1500)
    print((time.perf_counter() - begun) * 1e3)
    time.sleep(0.1)
"""
METADATA = r"""
import socket, sys, time
count, end = 0, time.perf_counter() + float(sys.argv[1])
while time.perf_counter() < end:
    with socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=5) as line:
        line.sendall(b"GET /openstack HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n")
        status = line.recv(65536)[9:12]
    assert status in (b"200", b"404"), status
    count += 1
print(count / float(sys.argv[1]))
"""


def run(*words, check=True):
    return subprocess.run(words, text=True, capture_output=True, check=check).stdout


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))


class Space:
    """A namespace of this benchmark's own."""

    def __init__(self, name):
        self.name = f"bench-{os.getpid()}-{name}"
        run("ip", "netns", "add", self.name)

    def run(self, *words, **options):
        return run("ip", "netns", "exec", self.name, *words, **options)

    def cable(self, link, other, other_link):
        run("ip", "link", "add", link, "netns", self.name, "type", "veth", "peer", "name", other_link,
            "netns", other.name)
        for space, end in ((self, link), (other, other_link)):
            space.run("ip", "link", "set", end, "up")

    def address(self, text, link):
        self.run("ip", "address", "add", text, "dev", link, *(("nodad",) if ":" in text else ()))

    def close(self):
        run("ip", "netns", "del", self.name, check=False)


def start(space, program, *words):
    """A program in a namespace that says when it is ready."""
    process = subprocess.Popen(["ip", "netns", "exec", space.name, sys.executable, "-c", program, *words],
                               stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


def stream(source, sink, address, port=5001):
    """Megabytes a second of one TCP connection."""
    server = start(sink, SINK, str(port))
    try:
        return float(source.run(sys.executable, "-c", SOURCE, address, str(port), str(SECONDS)))
    finally:
        server.kill()
        server.wait()


def in_turns(*actions):
    taken = [[] for _ in actions]
    for _ in range(TURNS):
        for list_, action in zip(taken, actions):
            list_.append(action())
    return [statistics.median(each) for each in taken]


class Bare:
    """The bare kernel: two namespaces on a bridge, two at the ends of a VXLAN, two on both sides of a
    router that translates. The MTUs are those of the box's networks."""

    def __init__(self):
        self.spaces = {name: Space(name) for name in ("a", "b", "switch", "far", "far-b", "router")}
        try:
            self.bridged()
            self.tunnelled()
            self.routed()
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name):
        return self.spaces[name]

    def bridged(self):
        self["switch"].run("ip", "link", "add", "sw", "type", "bridge", "forward_delay", "0")
        self["switch"].run("ip", "link", "set", "sw", "mtu", "1450", "up")
        for name, address in (("a", "10.1.0.1/24"), ("b", "10.1.0.2/24")):
            self[name].cable("eth0", self["switch"], f"to-{name}")
            for space, link in ((self[name], "eth0"), (self["switch"], f"to-{name}")):
                space.run("ip", "link", "set", link, "mtu", "1450")
            self["switch"].run("ip", "link", "set", f"to-{name}", "master", "sw")
            self[name].address(address, "eth0")

    def tunnelled(self):
        self["switch"].cable("under", self["far"], "under")
        for name, own, other in (("switch", "192.0.2.1", "192.0.2.2"), ("far", "192.0.2.2", "192.0.2.1")):
            self[name].address(f"{own}/24", "under")
            self[name].run("ip", "link", "add", "vx", "mtu", "1450", "type", "vxlan", "id", "7", "local", own,
                           "remote", other, "dstport", "4789")
            self[name].run("ip", "link", "set", "vx", "up")
        self["switch"].run("ip", "link", "set", "vx", "master", "sw")
        self["far"].address("10.1.0.3/24", "vx")

    def routed(self):
        self["b"].cable("eth1", self["router"], "in")
        self["router"].cable("out", self["far-b"], "eth0")
        for name, address, link in (("b", "10.2.0.2/24", "eth1"), ("router", "10.2.0.1/24", "in"),
                                    ("router", "198.51.100.1/24", "out"),
                                    ("far-b", "198.51.100.2/24", "eth0")):
            self[name].address(address, link)
        self["b"].run("ip", "route", "add", "198.51.100.0/24", "via", "10.2.0.1")
        self["router"].run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self["router"].run("nft", "add table ip t; add chain ip t c { type nat hook postrouting priority "
                           "100; }; add rule ip t c oifname out masquerade")

    def close(self):
        for space in self.spaces.values():
            space.close()


class Packets:
    """The box's side: two stand-ins on a network behind a router, and who is outside."""

    def __init__(self, box):
        self.box, self.guests = box, []
        project = box.api.get("/identity/v3/auth/tokens", headers={"X-Subject-Token": box.api.login()})
        self.send("PUT", f"quotas/{project['token']['project']['id']}", 200, {"quota": {
            "port": -1, "security_group": -1, "security_group_rule": -1}})
        self.network = self.make("network", name="bench")
        self.subnet = self.make("subnet", network_id=self.network["id"], ip_version=4,
                                cidr="10.50.0.0/16")["id"]
        self.group = self.make("security_group", name="bench")["id"]
        self.allow(remote_group_id=self.group)
        router = box.api.get("/network/v2.0/routers")["routers"][0]["id"]
        self.send("PUT", f"routers/{router}/add_router_interface", 200, {"subnet_id": self.subnet})
        self.ports = 0
        self.first, self.second = self.guest(), self.guest()

    def send(self, method, path, status, body):
        return self.box.send(method, f"/network/v2.0/{path}", status, body)

    def make(self, kind, **members):
        return self.send("POST", f"{kind}s".replace("_", "-"), 201, {kind: members})[kind]

    def allow(self, **members):
        return self.make("security_group_rule", security_group_id=self.group, direction="ingress",
                         **members)

    def guest(self):
        port = self.make("port", network_id=self.network["id"], security_groups=[self.group])
        guest = StandIn(self.box, port)
        self.guests.append(guest)
        guest.up()
        guest.run("ip", "link", "set", "eth0", "mtu", str(self.network["mtu"]))
        guest.at = port["fixed_ips"][0]["ip_address"]
        self.ports += 1
        return guest

    def configure(self, guest):
        guest.run("ip", "address", "add", f"{guest.at}/16", "dev", "eth0")
        guest.run("ip", "route", "add", "default", "via", "10.50.0.1")

    def fill(self, count):
        """As many ports in the network; those without a guest are in the rule set like the others."""
        while self.ports < count:
            batch = min(100, count - self.ports)
            self.send("POST", "ports", 201, {"ports": [
                {"network_id": self.network["id"], "security_groups": [self.group]}] * batch})
            self.ports += batch

    def settle(self):
        """Until netd has done all that it was told."""
        pid, before = self.box.pids("netd")[0], None
        while before != (now := cpu_ticks(pid)):
            before = now
            time.sleep(1)

    def fill_rules(self):
        """In groups that the guests are members of, as many as a port may have."""
        groups = [self.make("security_group", name=f"bench-{n}")["id"] for n in range(GROUPS)]
        for group in groups:
            self.send("POST", "security-group-rules", 201, {"security_group_rules": [
                {"security_group_id": group, "direction": "ingress", "protocol": "tcp",
                 "port_range_min": 20000 + n, "port_range_max": 20000 + n,
                 "remote_ip_prefix": "192.0.2.0/24"} for n in range(RULES // GROUPS)]})
        for guest in (self.first, self.second):
            self.send("PUT", f"ports/{guest.port['id']}", 200, {"port": {
                "security_groups": groups[:15] + [self.group]}})

    def close(self):
        for guest in self.guests:
            guest.close()


class Guest:
    """A stand-in as the streams see it: a name, and the output of what is run there."""

    def __init__(self, stand_in):
        self.name, self.stand_in = stand_in.name, stand_in

    def run(self, *words):
        return self.stand_in.run(*words).stdout


class Outside:
    """The world that the uplink leads to: a namespace of a process, without a name of its own."""

    def __init__(self, box):
        with open(os.path.join(box.state, "run/keeper"), encoding="ascii") as file:
            pid = file.read().split()[0]
        self.name = f"bench-{os.getpid()}-outside"
        run("ip", "netns", "attach", self.name, pid)

    run = Space.run
    close = Space.close


def milliseconds(space, program, *words):
    return statistics.median(map(float, space.run(sys.executable, "-c", program, *words).split()))


def dhcp(packets, bare, row):
    guest = Guest(packets.first)
    guest.run("ip", "route", "add", "255.255.255.255", "dev", "eth0")
    ours = milliseconds(guest, DISCOVER, packets.first.port["mac_address"], str(SAMPLES))
    guest.run("ip", "route", "del", "255.255.255.255", "dev", "eth0")
    server = start(bare["b"], ECHO, "5002")
    beside = milliseconds(bare["a"], ECHO, "10.1.0.2", "5002", str(SAMPLES))
    server.kill()
    server.wait()
    row("DHCP: discovery to offer", "ms", ours, "UDP echo over a bare bridge, ms", beside)


def streams(packets, bare, row):
    first, second = Guest(packets.first), Guest(packets.second)
    wait_for("the neighbour", lambda: packets.first.reaches(packets.second.at))

    def compare(what):
        ours, beside = in_turns(lambda: stream(first, second, packets.second.at),
                                lambda: stream(bare["a"], bare["b"], "10.1.0.2"))
        row(f"stream, {what}", "MB/s", ours, "over a bare bridge", beside)
    for count in PORTS:
        packets.fill(count)
        packets.settle()
        compare(f"{max(count, 2):,} ports")
    rule_change(packets, bare, row)
    packets.fill_rules()
    packets.settle()
    compare(f"and {RULES:,} rules")


def rule_change(packets, bare, row):
    """From before the request until a packet passes that did not before."""
    probe = ("import socket, sys, time\nend = time.time() + 30\nwhile time.time() < end:\n"
             " line = socket.socket()\n line.settimeout(0.02)\n"
             " if line.connect_ex((sys.argv[1], 5003)) == 0: break\n line.close()\n"
             "print(time.time())")
    stranger = packets.make("security_group", name="stranger")["id"]
    packets.send("PUT", f"ports/{packets.first.port['id']}", 200, {"port": {"security_groups": [stranger]}})
    server = start(Guest(packets.second), SINK.replace("line = server.accept()[0]", "time = 0").replace(
        "while line.recv(1 << 20):", "while server.accept():"), "5003")
    taken = []
    for _ in range(TURNS):
        time.sleep(1)
        waiting = subprocess.Popen(["ip", "netns", "exec", packets.first.name, sys.executable, "-c", probe,
                                    packets.second.at], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        begun = time.time()
        rule = packets.allow(protocol="tcp", port_range_min=5003, port_range_max=5003)["id"]
        taken.append((float(waiting.communicate()[0]) - begun) * 1e3)
        packets.box.api.request("DELETE", f"/network/v2.0/security-group-rules/{rule}")
    server.kill()
    server.wait()
    packets.send("PUT", f"ports/{packets.first.port['id']}", 200, {
        "port": {"security_groups": [packets.group]}})
    bare["switch"].run("nft", "add table ip t; add chain ip t c")
    beside = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        bare["switch"].run("nft", "add rule ip t c tcp dport 5003 accept")
        beside.append((time.perf_counter() - begun) * 1e3)
    row(f"rule: request to packet, {PORTS[-1]:,} ports", "ms", statistics.median(taken),
        "nft adds one to a bare chain, ms", statistics.median(beside))


def outside(packets, bare, world, row):
    first = Guest(packets.first)
    ours, beside = in_turns(lambda: stream(first, world, "203.0.113.1"),
                            lambda: stream(bare["b"], bare["far-b"], "198.51.100.2"))
    row("stream out, translated", "MB/s", ours, "over a bare masquerading router", beside)
    tunnel(packets, bare, world, row)


def tunnel(packets, bare, world, row):
    """The other box is the kernel's own VXLAN, on both sides."""
    world.run("ip", "link", "add", "vx", "mtu", "1450", "type", "vxlan", "id",
              str(packets.network["provider:segmentation_id"]), "local", "203.0.113.1", "remote",
              "203.0.113.2", "dstport", "4789")
    try:
        world.run("ip", "address", "add", "10.50.250.1/16", "dev", "vx")
        world.run("ip", "link", "set", "vx", "up")
        packets.box.send("PUT", "/node/v1/peers", 200, {"peers": {
            "endpoint": "203.0.113.2", "addresses": ["203.0.113.1"]}})
        wait_for("the other box", lambda: packets.first.reaches("10.50.250.1"))
        first = Guest(packets.first)
        ours, beside = in_turns(lambda: stream(first, world, "10.50.250.1"),
                                lambda: stream(bare["a"], bare["far"], "10.1.0.3"))
        row("stream to another box", "MB/s", ours, "over a bare VXLAN", beside)
    finally:
        world.run("ip", "link", "del", "vx")


def services(packets, bare, row):
    first = Guest(packets.first)
    first.run("ip", "route", "add", "169.254.169.254", "dev", "eth0")
    server = start(bare["b"], GREETER, "5004")
    ours, beside = in_turns(*(lambda space=space, to=to: float(space.run(
        sys.executable, "-c", METADATA, str(SECONDS), *to)) for space, to in (
            (first, ("169.254.169.254", "80")), (bare["a"], ("10.1.0.2", "5004")))))
    server.kill()
    server.wait()
    row("metadata, a connection for each", "/s", ours, "answered over a bare bridge", beside)
    sizes = packets.box.pss("svc")
    row(f"memory of an svc, of {len(sizes)}", "KiB", statistics.median(sizes) / 1024, "the budget, KiB",
        512)


def bench_packets(box, row):
    bare = packets = world = None
    try:
        bare, packets, world = Bare(), Packets(box), Outside(box)
        dhcp(packets, bare, row)
        for guest in (packets.first, packets.second):
            packets.configure(guest)
        services(packets, bare, row)
        outside(packets, bare, world, row)
        streams(packets, bare, row)
    finally:
        for part in (bare, packets, world):
            if part:
                part.close()
