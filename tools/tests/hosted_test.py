#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A hosted box under the stock client, and under what goes wrong."""
import base64
import hashlib
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import transcript
from box import PATIENCE, TOP, Box, wait_for
from stand_in import StandIn

box = None


def setUpModule():
    global box
    box = Box()
    box.__enter__()


def tearDownModule():
    box.close()


class Hosted(unittest.TestCase):
    """One box for all of these; each test leaves it as it found it."""

    def setUp(self):
        self.addCleanup(self.leave_nothing)
        self.images = []

    def image(self, **options):
        self.images.append(box.add_image(**options))
        return self.images[-1]

    def kill(self, role):
        before = box.processes(role)
        self.assertTrue(before, f"no process {role}")
        for pid in before:
            box.inside("kill", "-9", str(pid))
        wait_for(f"a new {role}", lambda: box.processes(role) and
                 not set(before) & set(box.processes(role)), seconds=30)

    def leave_nothing(self):
        for server in box.api.get("/compute/v2.1/servers")["servers"]:
            box.delete(server["id"])
        for image in self.images:
            box.api.request("DELETE", f"/image/v2/images/{image}")


class FirstLight(Hosted):
    def test_transcript(self):
        transcript.check(transcript.run(box.client))

    def test_guest_reaches_the_world_and_its_neighbour(self):
        image = self.image()
        first = box.boot("first", image)
        box.wait_console(first, "guest: up after")
        second = box.boot("second", image, user_data=(
            "#!/bin/sh\n"
            "ping -c 1 -W 5 first && echo neighbour answers\n"
            "ping -c 1 -W 5 203.0.113.1 && echo uplink answers\n"))
        log = box.wait_console(second, "guest: up after")
        self.assertIn("neighbour answers", log)
        self.assertIn("uplink answers", log)

    def test_config_drive(self):
        motd = base64.b64encode(b"injected").decode()
        server = box.boot("drive", self.image(), config_drive=True,
                          personality=[{"path": "/etc/motd", "contents": motd}],
                          user_data=("#!/bin/sh\necho from the drive\n"
                                     "mount -t iso9660 -o ro /dev/vdb /mnt\n"
                                     "echo file: $(cat /mnt/openstack/content/0000)\n"))
        log = box.wait_console(server, "guest: up after")
        self.assertIn("guest: metadata from the config drive", log)
        self.assertIn("guest: hostname drive", log)
        self.assertIn("from the drive", log)
        self.assertIn("file: injected", log)

    def test_diagnostics(self):
        server = box.boot("used", self.image())
        box.wait_console(server, "guest: up after")
        path = f"/compute/v2.1/servers/{server}/diagnostics"
        old = box.api.get(path)
        self.assertGreater(old["cpu0_time"], 0)
        self.assertGreater(old["vda_read"], 0)
        self.assertGreater(old["vda_read_req"], 0)
        tap = next(name for name in old if name.endswith("_rx"))
        self.assertGreater(old[tap], 0)
        self.assertEqual(old["memory"], 128 * 1024)
        new = box.api.get(path, headers={"OpenStack-API-Version": "compute 2.48"})
        self.assertEqual((new["state"], new["num_cpus"], new["num_nics"], new["num_disks"]),
                         ("running", 1, 1, 1))
        self.assertGreaterEqual(new["cpu_details"][0]["time"], old["cpu0_time"])
        self.assertGreaterEqual(new["nic_details"][0]["rx_octets"], old[tap])
        self.assertGreater(new["nic_details"][0]["tx_packets"], 0)
        self.assertGreater(new["disk_details"][0]["read_bytes"], 0)
        self.assertEqual(new["memory_details"], {"maximum": 128, "used": 128})
        box.action(server, {"pause": None})
        box.wait_status(server, "PAUSED")
        self.assertEqual(box.api.request("GET", path).status, 409)

    def test_stop_start_reboot(self):
        server = box.boot("cycle", self.image())
        box.wait_console(server, "guest: up after")
        box.action(server, {"os-stop": None})
        box.wait_status(server, "SHUTOFF")
        box.action(server, {"os-start": None})
        box.wait_status(server, "ACTIVE")
        box.wait_console(server, "guest: up after")
        box.action(server, {"reboot": {"type": "HARD"}})
        wait_for("the reboot to end", lambda: (
            box.server(server)["OS-EXT-STS:task_state"] is None))
        self.assertEqual(box.server(server)["status"], "ACTIVE")

    def test_guest_that_powers_itself_off_is_shutoff(self):
        server = box.boot("quitter", self.image(), user_data="#!/bin/sh\npoweroff\n")
        box.wait_status(server, "SHUTOFF")


class Outside(Hosted):
    """Packets between guests and the network that the uplink leads to, which has addresses here."""

    BEHIND = "10.77.0.1"  # an address that only a route over the first guest leads to
    SERVE = ("#!/bin/sh\n"
             "mkdir -p /tmp/www && echo $(hostname) answers >/tmp/www/who\n"
             "httpd -p 8080 -h /tmp/www && echo serving\n"
             f"[ $(hostname) = first ] && ip addr add {BEHIND}/32 dev lo\n")

    def post(self, collection, kind, **members):
        reply = box.api.request("POST", f"/network/v2.0/{collection}", body={kind: members})
        self.assertEqual(reply.status, 201, reply.body)
        made = reply.json()[kind]
        self.addCleanup(box.api.request, "DELETE", f"/network/v2.0/{collection}/{made['id']}")
        return made

    def put(self, path, body):
        reply = box.api.request("PUT", f"/network/v2.0/{path}", body=body)
        self.assertEqual(reply.status, 200, reply.body)

    def make_range(self):
        """Addresses outside, and a router that has one of them."""
        public = box.network("public")
        self.post("subnets", "subnet", network_id=public, ip_version=4, enable_dhcp=False,
                  cidr="203.0.113.0/24", gateway_ip="203.0.113.1",
                  allocation_pools=[{"start": "203.0.113.100", "end": "203.0.113.199"}])
        self.router = box.api.get("/network/v2.0/routers")["routers"][0]["id"]
        for gateway in ({}, {"network_id": public}):
            self.put(f"routers/{self.router}", {"router": {"external_gateway_info": gateway}})
        self.addCleanup(self.put, f"routers/{self.router}",
                        {"router": {"external_gateway_info": {"network_id": public}}})
        self.addCleanup(self.put, f"routers/{self.router}",
                        {"router": {"external_gateway_info": {}}})
        group = box.api.get("/network/v2.0/security-groups?name=default")["security_groups"][0]
        self.post("security-group-rules", "security_group_rule", security_group_id=group["id"],
                  direction="ingress", protocol="tcp", port_range_min=8080, port_range_max=8080)
        return public

    def serving(self, name, image, more=""):
        server = box.boot(name, image, user_data=self.SERVE + more)
        box.wait_console(server, "serving")
        return server, box.api.get(f"/network/v2.0/ports?device_id={server}")["ports"][0]

    def ask_outside(self, address, port):
        program = ("import urllib.request\n"
                   f"print(urllib.request.urlopen('http://{address}:{port}/who', timeout=5).read())")
        return box.tool("enter-outside", "/usr/bin/python3", "-c", program, check=False).stdout

    def wait_answer(self, address, port, text):
        wait_for(f"{address}:{port} to say '{text}'",
                 lambda: text in self.ask_outside(address, port), pause=1)

    def test_floating_addresses_and_forwarded_ports(self):
        public, image = self.make_range(), self.image()
        _, first = self.serving("first", image)
        floating = self.post("floatingips", "floatingip", floating_network_id=public,
                             port_id=first["id"])
        address = floating["floating_ip_address"]
        self.wait_answer(address, 8080, "first answers")
        # From inside to an address outside, and back in; seen outside under its own.
        # And by a route of the router over the first guest.
        fixed = first["fixed_ips"][0]["ip_address"]
        self.put(f"ports/{first['id']}",
                 {"port": {"allowed_address_pairs": [{"ip_address": self.BEHIND}]}})
        self.put(f"routers/{self.router}", {"router": {"routes": [
            {"destination": f"{self.BEHIND}/32", "nexthop": fixed}]}})
        self.addCleanup(self.put, f"routers/{self.router}", {"router": {"routes": []}})
        second, port = self.serving("second", image, (
            f"wget -q -T 10 -O - http://{address}:8080/who | sed 's/^/hairpin: /'\n"
            f"ping -c 1 -W 5 {self.BEHIND} && echo behind answers\n"
            "ping -c 1 -W 5 203.0.113.1 && echo outside answers\n"))
        log = box.wait_console(second, "guest: up after")
        self.assertIn("hairpin: first answers", log)
        self.assertIn("behind answers", log)
        self.assertIn("outside answers", log)
        free = self.post("floatingips", "floatingip", floating_network_id=public)
        self.post(f"floatingips/{free['id']}/port_forwardings", "port_forwarding", protocol="tcp",
                  external_port=9000, internal_port=8080, internal_port_id=port["id"],
                  internal_ip_address=port["fixed_ips"][0]["ip_address"])
        self.wait_answer(free["floating_ip_address"], 9000, "second answers")
        self.put(f"floatingips/{floating['id']}", {"floatingip": {"port_id": None}})
        self.assertNotIn("answers", self.ask_outside(address, 8080))

    # 400 KiB again and again, and how long each time took.
    FETCH_BIG = ("while :; do s=$(date +%s)\n"
                 "wget -q -T 60 -O /dev/null http://first:8080/big\n"
                 "echo took $(($(date +%s) - s)) seconds; sleep 1; done\n")

    def took(self, server):
        found = re.findall(r"took (\d+) seconds", box.console(server))
        return [int(seconds) for seconds in found]

    def test_policies_limit_what_guests_send(self):
        image = self.image()
        self.serving("first", image, "dd if=/dev/zero of=/tmp/www/big bs=1024 count=400\n")
        second = box.boot("second", image, user_data="#!/bin/sh\n" + self.FETCH_BIG)
        wait_for("a fetch without limits", lambda: any(t <= 2 for t in self.took(second)))
        policy = self.post("qos/policies", "policy", name="slow")["id"]
        rules = f"qos/policies/{policy}/bandwidth_limit_rules"
        rule = self.post(rules, "bandwidth_limit_rule", max_kbps=400)["id"]
        network = box.network("private")
        self.put(f"networks/{network}", {"network": {"qos_policy_id": policy}})
        self.addCleanup(self.put, f"networks/{network}", {"network": {"qos_policy_id": None}})
        # 3,277 kbit at 400 kbit/s, but for what goes at once.
        wait_for("a fetch under a limit", lambda: any(t >= 4 for t in self.took(second)))
        reply = box.api.request("DELETE", f"/network/v2.0/{rules}/{rule}")
        self.assertEqual(reply.status, 204)
        time.sleep(10)  # one that was under way may end
        before = len(self.took(second))
        wait_for("a fetch without limits again",
                 lambda: any(t <= 2 for t in self.took(second)[before:]))

    def test_agents_are_alive(self):
        agents = box.api.get("/network/v2.0/agents")["agents"]
        self.assertEqual({agent["binary"] for agent in agents}, {
            "neutron-linuxbridge-agent", "neutron-dhcp-agent", "neutron-l3-agent",
            "neutron-metadata-agent"})
        wait_for("all agents to be alive", lambda: all(
            agent["alive"] for agent in box.api.get("/network/v2.0/agents")["agents"]))


class Web(Hosted):
    """Imports from servers outside, and from where nobody may."""

    MIB = 1 << 20
    RULES = {"allowed_ports": [80, 443, 8080], "silence_seconds": 3}

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="cumulet-web-")
        cls.certificates()
        cls.server = box.serve_outside(
            "--plain", "80", "--plain", "8080", "--plain", "9999",
            "--tls", "443", f"{cls.folder}/good.pem", f"{cls.folder}/good.key",
            "--names", "web.test=203.0.113.1,other.test=203.0.113.1,own.test=203.0.113.2,"
                       "loop.test=127.0.0.1,metadata.test=169.254.169.254")

    @classmethod
    def tearDownClass(cls):
        cls.server.stdin.close()
        cls.server.wait(10)
        cls.server.stdout.close()
        shutil.rmtree(cls.folder)

    @classmethod
    def openssl(cls, *words):
        subprocess.run(["openssl", *words], cwd=cls.folder, check=True, capture_output=True)

    @classmethod
    def certificates(cls):
        """An authority, and a server's certificate for web.test."""
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        cls.openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650",
                    "-subj", "/CN=Test authority")
        cls.openssl("req", *key, "-keyout", "good.key", "-out", "good.csr", "-subj", "/CN=web.test")
        with open(f"{cls.folder}/names", "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:web.test\n")
        cls.openssl("x509", "-req", "-in", "good.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                    "-CAcreateserial", "-days", "3650", "-extfile", "names", "-out", "good.pem")

    def setUp(self):
        super().setUp()
        self.rules()
        self.addCleanup(self.set_rules, {})

    def set_rules(self, rules):
        reply = box.api.request("PUT", "/node/v1/image-import", body={"image_import": rules})
        self.assertEqual(reply.status, 200, reply.body)

    def rules(self, **more):
        with open(f"{self.folder}/ca.pem", encoding="utf-8") as file:
            self.set_rules({**self.RULES, "authorities": file.read(), **more})

    def begin(self, uri, status=202):
        """An import into a new image: its id, or the refusal."""
        reply = box.api.request("POST", "/image/v2/images", body={
            "name": "web", "disk_format": "raw", "container_format": "bare"})
        self.images.append(reply.json()["id"])
        reply = self.again(self.images[-1], uri)
        self.assertEqual(reply.status, status, reply.body)
        return self.images[-1] if status == 202 else reply.body.decode()

    @staticmethod
    def again(image, uri):
        return box.api.request("POST", f"/image/v2/images/{image}/import", body={
            "method": {"name": "web-download", "uri": uri}})

    @staticmethod
    def show(image):
        return box.api.get(f"/image/v2/images/{image}")

    def ended(self, image):
        """The task, when nothing of it goes on."""
        wait_for("the import's end", lambda: self.show(image)["status"] in ("active", "queued"))
        tasks = box.api.get(f"/image/v2/images/{image}/tasks")["tasks"]
        return max(tasks, key=lambda task: (task["created_at"], task["status"] == "success"))

    def is_there(self, image, count):
        digest = hashlib.md5((bytes(range(256)) * (count // 256 + 1))[:count]).hexdigest()
        task, shown = self.ended(image), self.show(image)
        self.assertEqual(task["status"], "success", task)
        self.assertEqual((shown["status"], shown["size"], shown["checksum"]),
                         ("active", count, digest))

    def failed(self, uri, reason):
        image = self.begin(uri)
        task, shown = self.ended(image), self.show(image)
        self.assertEqual(task["status"], "failure", task)
        self.assertIn(reason, task["message"])
        self.assertEqual((shown["status"], shown["os_glance_failed_import"], shown["size"]),
                         ("queued", "local", None))
        self.no_bytes(image)
        return image

    def no_bytes(self, image):
        left = os.listdir(os.path.join(box.state, "cloud/images"))
        self.assertFalse([name for name in left if image in name], left)

    def test_stock_client(self):
        ends = pty.openpty()  # what is no terminal would be taken for the image's bytes
        done = subprocess.run(
            ["/usr/bin/glance", "--os-cacert", box.api.cloud["cacert"], "image-create-via-import",
             "--disk-format", "raw", "--container-format", "bare", "--name", "stock",
             "--import-method", "web-download", "--uri", f"http://web.test/bytes/{5 * self.MIB}"],
            env=self.credentials(), capture_output=True, text=True, timeout=PATIENCE, stdin=ends[1])
        for end in ends:
            os.close(end)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        image = box.api.get("/image/v2/images?name=stock")["images"][0]["id"]
        self.images.append(image)
        self.is_there(image, 5 * self.MIB)

    @staticmethod
    def credentials():
        auth = box.api.cloud["auth"]
        return {**os.environ, "PYTHONWARNINGS": "ignore", "OS_IDENTITY_API_VERSION": "3",
                **{f"OS_{name.upper()}": value for name, value in auth.items()}}

    def test_discovery(self):
        methods = box.api.get("/image/v2/info/import")["import-methods"]["value"]
        self.assertIn("web-download", methods)

    def test_bodies(self):
        for uri in ("http://203.0.113.1/bytes/1000", "http://web.test:8080/chunked/3000000",
                    "http://web.test/to/http://other.test:8080/bytes/1000",
                    "https://web.test/bytes/5000000", "https://web.test/chunked/70000",
                    "http://web.test/to/https://web.test/bytes/0"):
            with self.subTest(uri):
                self.is_there(self.begin(uri), int(uri.rpartition("/")[2]))

    def test_what_the_server_gets_wrong(self):
        self.failed("http://web.test/missing", "HTTP Error 404: Not Found")
        self.failed("http://web.test/short/4000000", "hung up in the middle")
        self.failed("http://web.test/silent/4000000", "silent for too long")
        self.failed("http://web.test/to/http://web.test/to/x", "too many redirections")
        image = self.failed("http://unknown.test/bytes/1", "is not known")
        self.assertEqual(self.again(image, "http://web.test/bytes/10").status, 202)
        self.is_there(image, 10)

    def test_certificates(self):
        self.failed("https://other.test/bytes/1", "the certificate of other.test")
        self.failed("https://203.0.113.1/bytes/1", "the certificate of 203.0.113.1")
        self.rules(authorities="-----BEGIN CERTIFICATE-----")
        self.failed("https://web.test/bytes/1", "the certificate of web.test")

    def test_where_nobody_may(self):
        for uri in ("http://127.0.0.1/", "http://169.254.169.254/", "http://203.0.113.2/",
                    "http://own.test/", "http://loop.test/", "http://metadata.test/",
                    "http://web.test/to/http://loop.test/", "http://[::1]/"):
            with self.subTest(uri):
                self.failed(uri, "an address of the box itself")
        self.failed("http://web.test/to/http://web.test:9999/bytes/1", "Redirect to disallowed URL")
        for uri in ("http://web.test:9999/bytes/1", "ftp://web.test/x", "file:///etc/passwd"):
            self.assertIn("does not pass filtering", self.begin(uri, status=400))
        self.rules(allowed_hosts=["203.0.113.2"])
        self.assertIn("does not pass filtering", self.begin("http://web.test/bytes/1", status=400))
        # What the operator names may be the box itself: there, nobody listens.
        self.failed("http://203.0.113.2/", "Connection refused")

    def test_size_and_time(self):
        self.rules(size_max_mib=1)
        self.failed("http://web.test/bytes/1048577", "larger than it may be")
        self.failed("http://web.test/chunked/1048577", "larger than it may be")
        self.is_there(self.begin("http://web.test/chunked/1048576"), self.MIB)
        self.rules(total_seconds=2)
        self.failed(f"http://web.test/slow/{10 * self.MIB}", "took too long")

    def under_way(self):
        """An import that goes on for long, and has bytes by now."""
        image = self.begin(f"http://web.test/slow/{600 * self.MIB}")
        shown = wait_for("bytes", lambda: (
            any(image in name for name in os.listdir(os.path.join(box.state, "cloud/images"))) and
            self.show(image)))
        self.assertEqual((shown["status"], shown["os_glance_importing_to_stores"]),
                         ("importing", "local"))
        self.assertIn("os_glance_import_task", shown)
        return image

    def cut_short(self, image):
        task = self.ended(image)
        self.assertEqual((task["status"], self.show(image)["status"]), ("failure", "queued"))
        self.assertNotIn("os_glance_import_task", self.show(image))
        wait_for("no bytes", lambda: not [
            name for name in os.listdir(os.path.join(box.state, "cloud/images")) if image in name])
        self.assertEqual(self.again(image, "http://web.test/bytes/10").status, 202)
        self.is_there(image, 10)

    def kill(self, role):
        before = box.processes(role)
        for pid in before:
            box.inside("kill", "-9", str(pid), check=False)
        wait_for(f"a new {role}", lambda: box.processes(role) and
                 not set(before) & set(box.processes(role)), seconds=30)
        box.api.token = None
        wait_for("the API", Crashes.api_answers, seconds=30)

    def test_fetch_is_killed(self):
        image = self.under_way()
        self.assertEqual(len(box.processes("fetch")), 2)  # and one for the transfer
        self.kill("fetch")
        self.cut_short(image)

    def test_transfer_is_killed(self):
        image = self.under_way()
        box.inside("kill", "-9", str(max(box.processes("fetch"))))
        self.cut_short(image)

    def test_cloud_is_killed(self):
        image = self.under_way()
        self.kill("cloud")
        self.cut_short(image)
        self.assertEqual(len(box.processes("fetch")), 1)

    def test_deleted_on_the_way(self):
        image = self.under_way()
        self.assertEqual(box.api.request("DELETE", f"/image/v2/images/{image}").status, 204)
        wait_for("the transfer's end", lambda: len(box.processes("fetch")) == 1)
        self.no_bytes(image)

    def test_progress(self):
        image = self.under_way()

        def copied():
            task = box.api.get(f"/image/v2/images/{image}/tasks")["tasks"][0]
            return re.match(r"Copied (\d+) MiB", task["message"])
        self.assertGreater(int(wait_for("progress", copied).group(1)), 0)


class Console(Hosted):
    """The serial menu, by its keys; what it shows is looked for without the control sequences."""

    def open(self):
        pid, self.line = pty.fork()
        if pid == 0:
            os.execv(os.path.join(TOP, "tools/hosted"), ["hosted", "console", "--state", box.state])
        self.seen = b""
        self.addCleanup(self.close, pid)

    def close(self, pid):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(self.line)

    def read(self):
        if select.select([self.line], [], [], 0.2)[0]:
            self.seen += os.read(self.line, 4096)
        return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", self.seen).decode(errors="replace")

    def press(self, keys, text):
        """Sends keys; what appears since then has to hold the text."""
        self.seen = b""
        os.write(self.line, keys)
        wait_for(f"'{text}' in the menu", lambda: text in self.read(), seconds=30, pause=0)

    def test_guest_from_the_menu(self):
        server = box.boot("alpha", self.image())
        box.wait_console(server, "guest: up after")
        self.open()
        self.press(b"\x0c", "1 running")
        self.press(b"1", "alpha")
        self.press(b"\r", server)
        self.press(b"c", "attached")
        self.press(b"\r", "alpha:")
        self.press(b"echo $((6*7)) from inside\r", "42 from inside")
        self.press(b"\x1c", "Detached.")
        self.press(b"t", "SHUTOFF")
        self.assertEqual(box.server(server)["status"], "SHUTOFF")
        # What somebody else does appears without a key being pressed.
        box.action(server, {"os-start": None})
        self.press(b"", "ACTIVE")


class Crashes(Hosted):
    """kill -9 of each of our processes: the guest does not notice, the box is whole again."""

    def running_guest(self):
        server = box.boot("steady", self.image())
        box.wait_console(server, "guest: up after")
        return server, box.processes("qemu-system-x86_64")

    def check_role(self, role):
        server, guests = self.running_guest()
        self.kill(role)
        box.api.token = None
        wait_for("the API", self.api_answers, seconds=30)
        self.assertEqual(box.processes("qemu-system-x86_64"), guests)
        self.assertEqual(box.server(server)["status"], "ACTIVE")
        other = box.boot("after", self.images[-1])
        box.wait_console(other, "guest: hostname after")

    @staticmethod
    def api_answers():
        try:
            return box.api.request("GET", "/", token=False).status == 200
        except OSError:
            return False

    def test_cloud(self):
        self.check_role("cloud")

    def test_vmm(self):
        self.check_role("vmm")

    def test_netd(self):
        self.check_role("netd")

    def test_svc(self):
        self.check_role("svc")

    def test_dead_guest_is_reported(self):
        server, guests = self.running_guest()
        box.inside("kill", "-9", str(guests[0]))
        wait_for("the death to be seen", lambda: box.server(server)["status"] != "ACTIVE")
        self.assertIn(box.server(server)["status"], ("SHUTOFF", "ERROR"))

    def test_pulled_plug(self):
        server, _ = self.running_guest()
        box.cut()
        box.start()
        box.wait_status(server, "ACTIVE")
        box.wait_console(server, "guest: up after")


class Transitions(Hosted):
    """What changes a server, cut short by kill -9: it ends where the table of states says."""

    def killed(self, role):
        before = box.processes(role)
        for pid in before:
            box.inside("kill", "-9", str(pid))
        wait_for(f"a new {role}", lambda: box.processes(role) and
                 not set(before) & set(box.processes(role)), seconds=30)
        box.api.token = None
        wait_for("the API", Crashes.api_answers, seconds=30)

    def running(self, name):
        server = box.boot(name, self.image())
        box.wait_console(server, "guest: up after")
        return server

    def wait_image(self, name):
        path = f"/image/v2/images?name={name}"
        found = wait_for(f"image {name}", lambda: [
            image for image in box.api.get(path)["images"] if image["status"] == "active"])
        self.images.append(found[0]["id"])
        return found[0]

    def test_rebuild(self):
        server = self.running("rebuilt")
        box.action(server, {"rebuild": {"imageRef": self.images[-1]}})
        self.killed("vmm")
        box.wait_status(server, "ACTIVE")

    def test_resize_confirmed(self):
        server = self.running("grown")
        box.action(server, {"resize": {"flavorRef": box.flavor("m1.micro")}})
        self.killed("cloud")
        box.wait_status(server, "VERIFY_RESIZE")
        box.action(server, {"confirmResize": None}, status=204)
        box.wait_status(server, "ACTIVE")

    def test_resize_reverted(self):
        server = self.running("shrunk")
        box.action(server, {"resize": {"flavorRef": box.flavor("m1.micro")}})
        self.killed("vmm")
        box.wait_status(server, "VERIFY_RESIZE")
        box.action(server, {"revertResize": None})
        self.killed("cloud")
        box.wait_status(server, "ACTIVE")
        self.assertEqual(box.server(server)["flavor"]["id"], box.flavor())

    def test_image_of_a_running_server_boots(self):
        server = self.running("origin")
        box.action(server, {"createImage": {"name": "taken-live", "metadata": {"k": "v"}}})
        image = self.wait_image("taken-live")
        self.assertEqual((image["image_type"], image["instance_uuid"], image["k"]),
                         ("snapshot", server, "v"))
        copy = box.boot("copy", image["id"])
        box.wait_console(copy, "guest: hostname copy")

    def test_image_cut_short(self):
        server = self.running("origin")
        for role in ("vmm", "cloud"):
            box.action(server, {"createImage": {"name": f"past-{role}"}})
            self.killed(role)
            self.wait_image(f"past-{role}")
            wait_for("the task to end", lambda: (
                box.server(server)["OS-EXT-STS:task_state"] is None))
        self.assertEqual(box.server(server)["status"], "ACTIVE")

    def test_rescue(self):
        server = self.running("patient")
        box.action(server, {"rescue": None}, status=200)
        self.killed("vmm")
        box.wait_status(server, "RESCUE")
        box.action(server, {"unrescue": None})
        self.killed("cloud")
        box.wait_status(server, "ACTIVE")

    def test_suspended_survives_the_pulled_plug(self):
        server = self.running("sleeper")
        box.action(server, {"suspend": None})
        box.wait_status(server, "SUSPENDED")
        self.assertEqual(box.processes("qemu-system-x86_64"), [])
        box.cut()
        box.start()
        box.wait_status(server, "SUSPENDED")
        box.action(server, {"resume": None})
        self.killed("cloud")
        box.wait_status(server, "ACTIVE")
        # A guest that boots says so within seconds; one that goes on has nothing to say.
        time.sleep(5)
        self.assertNotIn("guest: ", box.console(server))

    def test_shelve(self):
        server = self.running("shelved")
        box.action(server, {"shelve": None})
        self.killed("cloud")
        box.wait_status(server, "SHELVED_OFFLOADED")
        self.assertEqual(box.processes("qemu-system-x86_64"), [])
        box.action(server, {"unshelve": None})
        self.killed("vmm")
        box.wait_status(server, "ACTIVE")
        box.wait_console(server, "guest: hostname shelved")


WATCHER = """#!/bin/sh
( while true; do
    until [ -e /sys/class/net/eth1 ]; do sleep 1; done
    echo "link is there: $(cat /sys/class/net/eth1/address)"
    ip link set eth1 up
    udhcpc -i eth1 -t 8 -T 2 -n -q -s /etc/udhcpc >/tmp/dhcp 2>&1
    echo "second address $(ip -4 -o addr show eth1 | awk '{print $4}')"
    while [ -e /sys/class/net/eth1 ]; do sleep 1; done
    echo "link is gone"
  done ) >/dev/ttyS0 2>&1 &
"""


class Interfaces(Hosted):
    """A guest that watches for a second link."""

    def make(self, path, body, status=201):
        reply = box.api.request("POST", path, body=body)
        self.assertEqual(reply.status, status, reply.body)
        return reply.json()

    def setUp(self):
        super().setUp()
        self.network = self.make("/network/v2.0/networks", {"network": {"name": "second"}})[
            "network"]["id"]
        self.addCleanup(box.api.request, "DELETE", f"/network/v2.0/networks/{self.network}")
        self.make("/network/v2.0/subnets", {"subnet": {
            "network_id": self.network, "ip_version": 4, "cidr": "10.77.0.0/24"}})
        # Cleanups run last in, first out: servers let go of the network before it is deleted.
        self.addCleanup(self.leave_nothing)
        self.guest = box.boot("plugged", self.image(), user_data=WATCHER)
        box.wait_console(self.guest, "guest: up after")
        self.path = f"/compute/v2.1/servers/{self.guest}/os-interface"

    def attach(self):
        return self.make(self.path, {"interfaceAttachment": {"net_id": self.network}}, 200)[
            "interfaceAttachment"]

    def interfaces(self):
        return box.api.get(self.path)["interfaceAttachments"]

    def wait_times(self, text, times):
        wait_for(f"'{text}' {times} times", lambda: box.console(self.guest).count(text) >= times)

    def test_second_interface_comes_and_goes_and_comes_back(self):
        port = self.attach()
        box.wait_console(self.guest, f"link is there: {port['mac_addr']}")
        box.wait_console(self.guest, f"second address {port['fixed_ips'][0]['ip_address']}/24")
        wait_for("the port to be active", lambda: any(
            item["port_id"] == port["port_id"] and item["port_state"] == "ACTIVE"
            for item in self.interfaces()))
        box.api.request("DELETE", f"{self.path}/{port['port_id']}")
        box.wait_console(self.guest, "link is gone")
        wait_for("the port to go", lambda: len(self.interfaces()) == 1)
        # It is there after a restart, where it was.
        port = self.attach()
        self.wait_times("link is there", 2)
        box.action(self.guest, {"reboot": {"type": "HARD"}})
        self.wait_times("guest: up after", 2)
        self.assertIn(f"guest: address {port['fixed_ips'][0]['ip_address']}/24 on eth1",
                      box.console(self.guest))

    def test_killed_vmm_goes_on(self):
        port = self.attach()
        self.kill("vmm")
        box.wait_console(self.guest, f"second address {port['fixed_ips'][0]['ip_address']}/24")
        box.api.request("DELETE", f"{self.path}/{port['port_id']}")
        self.kill("vmm")
        box.wait_console(self.guest, "link is gone")
        wait_for("the port to go", lambda: len(self.interfaces()) == 1)

    def test_port_deleted_below_the_server(self):
        port = self.attach()
        box.wait_console(self.guest, "second address")
        box.api.request("DELETE", f"/network/v2.0/ports/{port['port_id']}")
        box.wait_console(self.guest, "link is gone")


class Hardware(Hosted):
    """What images and flavors ask for, as the guest finds it."""
    IMAGE = os.path.join(TOP, "build", os.environ.get("BOARD", "qemu-x86_64"), "cumulet.img")

    def uefi_image(self, **properties):
        """The box's own image: it boots by UEFI alone, and nobody signed it."""
        path = os.path.join(box.state, "uefi.qcow2")
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", self.IMAGE, path], check=True)
        self.addCleanup(os.unlink, path)
        return self.image(name="uefi", path=path, hw_firmware_type="uefi", **properties)

    def flavor(self, memory, disk, **specs):
        reply = box.api.request("POST", "/compute/v2.1/flavors", body={"flavor": {
            "name": "made", "ram": memory, "disk": disk, "vcpus": 2}})
        self.assertEqual(reply.status, 200, reply.body)
        made = reply.json()["flavor"]["id"]
        self.addCleanup(box.api.request, "DELETE", f"/compute/v2.1/flavors/{made}")
        if specs:
            reply = box.api.request("POST", f"/compute/v2.1/flavors/{made}/os-extra_specs",
                                    body={"extra_specs": specs})
            self.assertEqual(reply.status, 200, reply.body)
        return made

    def test_uefi(self):
        server = box.boot("uefi", self.uefi_image(), flavorRef=self.flavor(512, 2))
        box.wait_console(server, "BdsDxe: starting Boot")
        box.wait_console(server, "Cumulet")

    def test_secure_boot_takes_nothing_that_is_not_signed(self):
        server = box.boot("secure", self.uefi_image(os_secure_boot="required"),
                          flavorRef=self.flavor(512, 2))
        log = box.wait_console(server, "Access Denied")
        self.assertNotIn("BdsDxe: starting", log)

    def test_buses_and_bounds(self):
        image = self.image(hw_disk_bus="sata", hw_vif_model="e1000e", hw_watchdog_action="reset")
        flavor = self.flavor(128, 1, **{"quota:disk_total_bytes_sec": "104857600",
                                        "hw:cpu_max_sockets": "1", "quota:cpu_quota": "50000"})
        server = box.boot("asked", image, flavorRef=flavor)
        box.wait_status(server, "ACTIVE")
        [line] = [line for line in box.inside("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
                  .stdout.splitlines() if server in line]
        for words in ("ide-hd,bus=ide.0", "e1000e,netdev=net0", "watchdog=reset",
                      "cpus=2,sockets=1,cores=2", '"bps-total":104857600'):
            self.assertIn(words, line)


class WebSocket:
    """A client of RFC 6455, as far as a console needs it."""

    def __init__(self, path):
        host, port = box.api.host.split(":")
        plain = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.socket = box.api.context.wrap_socket(plain, server_hostname=host)
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {box.api.host}\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Origin: https://{box.api.host}\r\nSec-WebSocket-Protocol: binary\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.exactly(1)
        self.status, self.data = int(head.split()[1]), b""

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("closed")
            data += part
        return data

    def send(self, payload):
        assert len(payload) < 126
        self.socket.sendall(bytes([0x82, 0x80 | len(payload), 0, 0, 0, 0]) + payload)

    def receive(self, size):
        """So many bytes of the stream that the frames carry."""
        while len(self.data) < size:
            head = self.exactly(2)
            length = head[1]
            if length >= 126:
                length = int.from_bytes(self.exactly(2 if length == 126 else 8), "big")
            payload = self.exactly(length)
            if head[0] == 0x88:
                raise ConnectionError("closed")
            self.data += payload
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def close(self):
        self.socket.close()


class Consoles(Hosted):
    def url(self, server, protocol, kind):
        reply = box.api.request("POST", f"/compute/v2.1/servers/{server}/remote-consoles", body={
            "remote_console": {"protocol": protocol, "type": kind}},
            headers={"OpenStack-API-Version": "compute 2.90"})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json()["remote_console"]["url"]

    def connect(self, path):
        connection = WebSocket(path)
        self.addCleanup(connection.close)
        return connection

    def test_screen(self):
        server = box.boot("shown", self.image())
        box.wait_console(server, "guest: up after")
        url = urllib.parse.urlsplit(self.url(server, "vnc", "novnc"))
        page = box.api.request("GET", url.path, token=False)
        self.assertEqual(page.status, 200)
        self.assertIn(b"noVNC", page.body)
        for name in ("console.js", "novnc/core/rfb.js", "novnc/vendor/pako/lib/zlib/inflate.js"):
            script = box.api.request("GET", f"/console/{name}", token=False)
            self.assertEqual((script.status, script.headers["Content-Type"]),
                             (200, "text/javascript; charset=utf-8"))
        self.assertEqual(box.api.request("GET", "/console/../tls/ca.key", token=False).status, 404)
        path = "/" + urllib.parse.parse_qs(url.query)["path"][0]
        screen = self.connect(path)
        self.assertEqual(screen.status, 101)
        self.assertEqual(screen.receive(12), b"RFB 003.008\n")
        screen.send(b"RFB 003.008\n")
        self.assertEqual(screen.receive(2), b"\x01\x01")  # no authentication
        screen.send(b"\x01")
        self.assertEqual(screen.receive(4), bytes(4))
        screen.send(b"\x01")
        width, height = struct.unpack(">HH", screen.receive(4))
        screen.receive(16)
        name = screen.receive(int.from_bytes(screen.receive(4), "big")).decode()
        self.assertIn("shown", name)
        screen.send(struct.pack(">BBHHHH", 3, 0, 0, 0, width, height))
        self.assertEqual(screen.receive(1), b"\0")  # an update of the framebuffer
        # The token is the whole permission: another one is none.
        self.assertEqual(self.connect(path[:-1] + ("0" if path[-1] != "0" else "1")).status, 403)
        # The guest goes, and the connection with it.
        box.action(server, {"os-stop": None})
        box.wait_status(server, "SHUTOFF")
        with self.assertRaises(ConnectionError):
            while True:
                screen.receive(1)

    def test_serial_line(self):
        server = box.boot("spoken-to", self.image())
        box.wait_console(server, "guest: up after")
        url = urllib.parse.urlsplit(self.url(server, "serial", "serial"))
        self.assertEqual(url.scheme, "wss")
        line = self.connect(f"{url.path}?{url.query}")
        self.assertEqual(line.status, 101)
        line.send(b"\necho by-web-$((40 + 2))\n")
        heard = b""
        while b"by-web-42" not in heard:
            heard += line.receive(1)


class Refusals(Hosted):
    """Bad input gets a clear fault, changes nothing, and the next request is served."""

    def test_image_that_is_not_what_it_claims(self):
        path = os.path.join(box.state, "noise")
        with open(path, "wb") as file:
            file.write(os.urandom(1 << 20))
        server = box.boot("noise", self.image(name="noise", path=path))
        fault = box.wait_status(server, "ERROR")["fault"]
        self.assertIn("unacceptable", fault["message"])
        os.unlink(path)

    def test_image_with_a_backing_file(self):
        path = os.path.join(box.state, "backed")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/passwd",
                        path, "16M"], check=True)
        server = box.boot("backed", self.image(name="backed", path=path))
        fault = box.wait_status(server, "ERROR")["fault"]
        self.assertIn("backing file", fault["message"])
        os.unlink(path)

    def test_flavor_larger_than_the_memory(self):
        reply = box.api.request("POST", "/compute/v2.1/flavors", body={"flavor": {
            "name": "huge", "ram": 64 << 20, "vcpus": 1, "disk": 1}})
        self.assertEqual(reply.status, 200, reply.body)
        flavor = reply.json()["flavor"]["id"]
        self.addCleanup(box.api.request, "DELETE", f"/compute/v2.1/flavors/{flavor}")
        reply = box.api.request("POST", "/compute/v2.1/servers", body={"server": {
            "name": "huge", "imageRef": self.image(), "flavorRef": flavor,
            "networks": [{"uuid": box.network()}]}})
        # The quota refuses it at once, or the scheduler does afterwards.
        if reply.status == 403:
            self.assertIn("Quota exceeded", reply.json()["forbidden"]["message"])
        else:
            fault = box.wait_status(reply.json()["server"]["id"], "ERROR")["fault"]
            self.assertIn("No valid host was found", fault["message"])

    def test_unknown_network(self):
        reply = box.api.request("POST", "/compute/v2.1/servers", body={"server": {
            "name": "lost", "imageRef": self.image(), "flavorRef": box.flavor(),
            "networks": [{"uuid": "00000000-0000-4000-8000-000000000000"}]}})
        self.assertEqual(reply.status, 400, reply.body)
        self.assertIn("could not be found", reply.json()["badRequest"]["message"])
        self.assertEqual(box.api.get("/compute/v2.1/servers")["servers"], [])

    def test_body_of_the_wrong_shape(self):
        for body in ({}, {"server": []}, {"server": {"name": ""}}, {"server": {"name": "x", "odd": 1}}):
            reply = box.api.request("POST", "/compute/v2.1/servers", body=body)
            self.assertEqual(reply.status, 400, (body, reply.body))
            self.assertIn("badRequest", reply.json())

    def test_forged_token(self):
        token = box.api.login()
        forged = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
        for bad in (forged, "gAAAAA", ""):
            reply = box.api.request("GET", "/compute/v2.1/servers", headers={"X-Auth-Token": bad},
                                    token=False)
            self.assertEqual(reply.status, 401, reply.body)
            self.assertIn("WWW-Authenticate", reply.headers)


class Uploads(Hosted):
    """What breaks an upload leaves the image queued, and no bytes."""
    SIZE = 64 << 20

    def create(self, **members):
        reply = box.api.request("POST", "/image/v2/images", body={
            "name": "broken", "disk_format": "raw", "container_format": "bare", **members})
        self.assertEqual(reply.status, 201, reply.body)
        self.images.append(reply.json()["id"])
        return self.images[-1]

    @staticmethod
    def show(image):
        return box.api.get(f"/image/v2/images/{image}")

    @staticmethod
    def files(image):
        return [name for name in os.listdir(os.path.join(box.state, "cloud/images"))
                if name.startswith(image)]

    def begin(self, image, size=SIZE, what="file"):
        """An upload of which one MiB is there."""
        connection = box.api.connect()
        connection.putrequest("PUT", f"/image/v2/images/{image}/{what}")
        connection.putheader("X-Auth-Token", box.api.login())
        connection.putheader("Content-Type", "application/octet-stream")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        connection.send(b"x" * (1 << 20))
        wait_for("bytes", lambda: any(
            os.path.getsize(os.path.join(box.state, "cloud/images", name)) for name in
            self.files(image)))
        return connection

    def left_nothing(self, image):
        wait_for("queued", lambda: self.show(image)["status"] == "queued")
        self.assertEqual((self.files(image), self.show(image)["size"]), ([], None))
        reply = self.upload(image, b"whole")
        self.assertEqual(reply.status, 204, reply.body)
        self.assertEqual(self.bytes_of(image), b"whole")

    @staticmethod
    def upload(image, data, what="file"):
        return box.api.request("PUT", f"/image/v2/images/{image}/{what}", body=data,
                               headers={"Content-Type": "application/octet-stream"})

    @staticmethod
    def bytes_of(image):
        return box.api.request("GET", f"/image/v2/images/{image}/file").body

    def test_client_that_stops(self):
        for what, status in ("file", "saving"), ("stage", "uploading"):
            image = self.create()
            connection = self.begin(image, what=what)
            self.assertEqual(self.show(image)["status"], status)
            connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()
            self.left_nothing(image)

    def test_pulled_plug(self):
        image, other = self.create(), self.create()
        self.begin(image)
        self.begin(other, what="stage")
        box.cut()
        box.start()
        self.left_nothing(image)
        self.left_nothing(other)

    def test_id_given_again(self):
        image = self.create()
        late = self.begin(image, size=2 << 20)
        self.assertEqual(box.api.request("DELETE", f"/image/v2/images/{image}").status, 204)
        self.images.remove(image)
        self.create(id=image)
        self.assertEqual(self.upload(image, b"second").status, 204)
        late.send(b"x" * (1 << 20))
        reply = late.getresponse()
        self.assertEqual(reply.status, 410)
        self.assertIn(b"could not be found after upload", reply.read())
        shown = self.show(image)
        self.assertEqual((shown["status"], shown["size"]), ("active", 6))
        self.assertEqual(self.bytes_of(image), b"second")
        self.assertEqual(len(self.files(image)), 1)


class FullDisk(unittest.TestCase):
    """A box with next to no disk: what can't fit is refused in Glance's words, and everything else goes on."""
    DISK, RESERVE = 112 << 20, 32 << 20  # bytes; of the disk, uploads leave the reserve to the store
    WORDS = "Image storage media is full"

    @classmethod
    def setUpClass(cls):
        cls.state = tempfile.mkdtemp(prefix="cumulet-small-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={cls.DISK}", "small", cls.state], check=True)
        cls.small = Box(state=cls.state)
        try:
            cls.small.start()
            cls.web = cls.small.serve_outside("--plain", "80", "--names", "web.test=203.0.113.1")
        except BaseException:
            cls.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.web.stdin.close()
        cls.web.wait(10)
        cls.web.stdout.close()
        cls.stop()

    @classmethod
    def stop(cls):
        cls.small.close()
        subprocess.run(["umount", cls.state], check=True)
        os.rmdir(cls.state)

    def setUp(self):
        reply = self.small.api.request("POST", "/image/v2/images", body={
            "name": "large", "disk_format": "raw", "container_format": "bare"})
        self.image = reply.json()["id"]
        self.addCleanup(self.small.api.request, "DELETE", f"/image/v2/images/{self.image}")

    def put(self, what, body):
        return self.small.api.request("PUT", f"/image/v2/images/{self.image}/{what}", body=body, headers={
            "Content-Type": "application/octet-stream"})

    def show(self):
        return self.small.api.get(f"/image/v2/images/{self.image}")

    def pieces(self):
        """More than the disk has, without saying so before. Half way, others write records."""
        for number in range(self.DISK >> 20):
            if number == self.DISK >> 21:
                reply = self.small.api.request("PUT", f"/image/v2/images/{self.image}/tags/beside")
                self.assertEqual(reply.status, 204, reply.body)
            yield b"x" * (1 << 20)

    def left_nothing(self):
        wait_for("queued", lambda: self.show()["status"] == "queued")
        left = os.listdir(os.path.join(self.state, "cloud/images"))
        self.assertEqual([name for name in left if self.image in name], [])
        self.assertEqual(self.put("file", b"whole").status, 204)
        self.assertEqual(self.show()["status"], "active")

    def test_what_can_not_fit_is_refused_at_once(self):
        connection = self.small.api.connect()
        connection.putrequest("PUT", f"/image/v2/images/{self.image}/file")
        connection.putheader("X-Auth-Token", self.small.api.login())
        connection.putheader("Content-Type", "application/octet-stream")
        connection.putheader("Content-Length", str(self.DISK))
        connection.endheaders()
        reply = connection.getresponse()  # before a byte was sent
        self.assertEqual(reply.status, 413)
        self.assertIn(self.WORDS, reply.read().decode())
        self.left_nothing()

    def test_in_the_middle(self):
        for what in "file", "stage":
            reply = self.put(what, self.pieces())
            self.assertEqual(reply.status, 413, reply.body)
            self.assertIn(self.WORDS, reply.body.decode())
            wait_for("queued", lambda: self.show()["status"] == "queued")
        self.assertEqual(self.show()["tags"], ["beside"])
        self.left_nothing()

    def test_in_the_middle_of_an_import(self):
        for kind in "chunked", "bytes":
            reply = self.small.api.request("POST", f"/image/v2/images/{self.image}/import", body={
                "method": {"name": "web-download", "uri": f"http://web.test/{kind}/{self.DISK}"}})
            self.assertEqual(reply.status, 202, reply.body)
            wait_for("the import's end", lambda: self.show()["status"] == "queued")
            tasks = self.small.api.get(f"/image/v2/images/{self.image}/tasks")["tasks"]
            self.assertEqual({task["status"] for task in tasks}, {"failure"})
            self.assertTrue(all(self.WORDS in task["message"] for task in tasks), tasks)
            self.assertEqual(self.show()["os_glance_failed_import"], "local")
        self.left_nothing()


class Logins(unittest.TestCase):
    """Passwords are expensive to check: whoever sends many must not keep the others waiting."""
    FLOOD = 16
    ROUNDS = 10

    def flood(self, over, counts):
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": "nobody", "password": "guess", "domain": {"id": "default"}}}}}}
        while not over.is_set():
            reply = box.api.request("POST", "/identity/v3/auth/tokens", body=body, token=False)
            counts[reply.status] = counts.get(reply.status, 0) + 1

    def one_round(self):
        token = box.api.login()
        root = box.api.request("GET", "/", token=False)
        shown = box.api.request("GET", "/identity/v3/auth/tokens",
                                headers={"X-Subject-Token": token})
        return root.status < 400 and shown.status == 200

    def test_a_flood_of_them_starves_nobody(self):
        over, counts = threading.Event(), {}
        box.api.login()
        threads = [threading.Thread(target=self.flood, args=(over, counts), daemon=True)
                   for _ in range(self.FLOOD)]
        for thread in threads:
            thread.start()
        try:
            wait_for("the flood", lambda: counts.get(401, 0) >= self.FLOOD)
            before, begin = counts[401], time.monotonic()
            rounds = [self.one_round() for _ in range(self.ROUNDS)]
            took, logins = time.monotonic() - begin, counts[401] - before
        finally:
            over.set()
            for thread in threads:
                thread.join(PATIENCE)
        self.assertTrue(all(rounds))
        self.assertEqual(set(counts), {401})
        # A request that stands in one line with the logins lets nearly the whole flood pass. Some pass
        # anyhow: the client's own threads take turns.
        self.assertLess(logins, 2 * self.ROUNDS * self.FLOOD / 2,
                        f"{2 * self.ROUNDS} requests in {took:.1f} s beside {logins} logins")


class Ipv6(unittest.TestCase):
    """Stand-ins on a network with SLAAC and on one with stateful DHCPv6, a router between them."""

    def make(self, kind, **members):
        reply = box.api.request("POST", f"/network/v2.0/{kind}s", body={kind: members})
        self.assertEqual(reply.status, 201, reply.body)
        made = reply.json()[kind]
        self.addCleanup(box.api.request, "DELETE", f"/network/v2.0/{kind}s/{made['id']}")
        return made

    def network(self, router, cidr, mode):
        network = self.make("network", name=mode)["id"]
        subnet = self.make("subnet", network_id=network, ip_version=6, cidr=cidr,
                           gateway_ip=cidr.replace("/64", "1"), ipv6_ra_mode=mode,
                           ipv6_address_mode=mode)["id"]
        path = f"/network/v2.0/routers/{router}/%s_router_interface"
        reply = box.api.request("PUT", path % "add", body={"subnet_id": subnet})
        self.assertEqual(reply.status, 200, reply.body)
        self.addCleanup(box.api.request, "PUT", path % "remove", body={"subnet_id": subnet})
        return network

    def stand_in(self, network):
        port = self.make("port", network_id=network)
        guest = StandIn(box, port)
        self.addCleanup(guest.close)
        guest.up()
        return guest, port["fixed_ips"][0]["ip_address"]

    def test_guests_have_the_addresses_of_their_ports(self):
        router = self.make("router", name="six")["id"]
        slaac = self.network(router, "2001:db8:a::/64", "slaac")
        first, first_address = self.stand_in(slaac)
        second, second_address = self.stand_in(slaac)
        third, third_address = self.stand_in(
            self.network(router, "2001:db8:b::/64", "dhcpv6-stateful"))
        for guest, address in ((first, first_address), (second, second_address)):
            wait_for("an address by SLAAC", lambda: address in guest.addresses())
        wait_for("a router", third.has_router)
        self.assertEqual(third.dhcp6(), third_address)
        self.assertTrue(first.reaches(second_address))
        self.assertTrue(first.reaches(third_address))
        self.assertTrue(third.reaches(second_address))
        # A forged address of the same prefix is not let out.
        first.run("ip", "addr", "add", "2001:db8:a::666/64", "dev", "eth0", "nodad")
        self.assertFalse(second.reaches("2001:db8:a::666"))


    def test_tenants_are_routed_out(self):
        old = box.api.get("/node/v1/uplink")["uplink"]
        for uplink, undo in (({**old, "ipv6_mode": "static", "ipv6_address": "2001:db8:f::2/64",
                               "ipv6_gateway": "2001:db8:f::1"}, False),
                             ({**old, "ipv6_mode": "slaac"}, True)):
            ask = (box.api.request, "PUT", "/node/v1/uplink", {"uplink": uplink})
            self.addCleanup(*ask) if undo else self.assertEqual(ask[0](*ask[1:]).status, 200)
        box.tool("enter-outside", "ip", "addr", "add", "2001:db8:f::1/64", "dev", "outside", "nodad")
        public = box.network("public")
        self.make("subnet", network_id=public, ip_version=6, cidr="2001:db8:f::/64",
                  gateway_ip="2001:db8:f::1", enable_dhcp=False,
                  allocation_pools=[{"start": "2001:db8:f::100", "end": "2001:db8:f::1ff"}])
        router = self.make("router", name="out", external_gateway_info={"network_id": public})
        own = [ip["ip_address"] for ip in router["external_gateway_info"]["external_fixed_ips"]]
        self.assertEqual(own, [next(ip for ip in own if ip.startswith("2001:db8:f::1"))])
        guest, address = self.stand_in(self.network(router["id"], "2001:db8:a::/64", "slaac"))
        # Whoever routes outside sends the tenants' prefix to the router's address.
        box.tool("enter-outside", "ip", "route", "add", "2001:db8:a::/64", "via", own[0])
        self.addCleanup(box.tool, "enter-outside", "ip", "route", "del", "2001:db8:a::/64")
        wait_for("an address by SLAAC", lambda: address in guest.addresses())
        wait_for("a router", guest.has_router)
        wait_for("the world outside", lambda: guest.reaches("2001:db8:f::1"))


class OtherBoxes(unittest.TestCase):
    """Two boxes on one world outside; stand-ins of each in a network that has one VNI on both."""

    ADDRESSES = {"first": "203.0.113.2", "second": "203.0.113.3"}

    def setUp(self):
        self.second = Box(options=("--beside", box.state, "--address", self.ADDRESSES["second"]))
        self.addCleanup(self.second.close)
        self.second.start()

    def make(self, where, kind, **members):
        path = f"/network/v2.0/{kind.replace('_', '-')}s"
        reply = where.api.request("POST", path, body={kind: members})
        self.assertEqual(reply.status, 201, reply.body)
        made = reply.json()[kind]
        self.addCleanup(where.api.request, "DELETE", f"{path}/{made['id']}")
        return made

    def guest(self, where, pool):
        """A stand-in that may be asked for an echo, with an address of each version."""
        network = self.make(where, "network", **{"provider:network_type": "vxlan",
                                                 "provider:segmentation_id": 7001})
        self.assertEqual(network["mtu"], 1450)
        for version, cidr, first, last in ((4, "10.9.0.0/24", f"10.9.0.{pool}0", f"10.9.0.{pool}9"),
                                           (6, "fd00:9::/64", f"fd00:9::{pool}0", f"fd00:9::{pool}9")):
            self.make(where, "subnet", network_id=network["id"], ip_version=version, cidr=cidr,
                      gateway_ip=None, allocation_pools=[{"start": first, "end": last}])
        group = self.make(where, "security_group", name="echo")["id"]
        for version, protocol in (("IPv4", "icmp"), ("IPv6", "ipv6-icmp")):
            self.make(where, "security_group_rule", security_group_id=group, ethertype=version,
                      direction="ingress", protocol=protocol)
        port = self.make(where, "port", network_id=network["id"], security_groups=[group])
        guest = StandIn(where, port)
        self.addCleanup(guest.close)
        guest.up()
        guest.fixed = [ip["ip_address"] for ip in port["fixed_ips"]]
        for address in guest.fixed:
            length = ("/64", "nodad") if ":" in address else ("/24",)
            guest.run("ip", "addr", "add", address + length[0], "dev", "eth0", *length[1:])
        return guest

    def peers(self, where, endpoint, *addresses):
        reply = where.api.request("PUT", "/node/v1/peers", body={"peers": {
            "endpoint": endpoint, "addresses": addresses}})
        self.assertEqual(reply.status, 200, reply.body)

    def test_guests_of_one_network_reach_each_other(self):
        one, other = self.guest(box, 1), self.guest(self.second, 2)
        first, second = self.ADDRESSES.values()
        self.addCleanup(self.peers, box, None)
        self.peers(box, first, second)
        self.peers(self.second, second, first)
        wait_for("a way to the other box", lambda: one.reaches(other.fixed[0]))
        for guest, address in ((one, other.fixed[1]), (other, one.fixed[0]), (other, one.fixed[1])):
            self.assertTrue(guest.reaches(address), address)
        # Who is no peer is not heard: the second box still sends to the first.
        self.peers(box, first, "203.0.113.9")
        wait_for("silence", lambda: not other.reaches(one.fixed[0]))
        self.peers(box, first, first, second)  # the list of all boxes, its own among them
        wait_for("the way back", lambda: other.reaches(one.fixed[0]))
        # A fresh netd is told again what the old one knew, and guests do not notice.
        for pid in box.processes("netd"):
            box.inside("kill", "-9", str(pid))
        self.assertTrue(other.reaches(one.fixed[0]))
        wait_for("a fresh netd", lambda: box.api.get("/node/v1")["node"]["links"]["netd"])
        self.assertTrue(one.reaches(other.fixed[1]))


class Neighbours(unittest.TestCase):
    def test_boxes_run_beside_each_other(self):
        with Box() as other:
            self.assertNotEqual(other.api.host, box.api.host)
            self.assertEqual(other.api.get("/compute/v2.1/servers")["servers"], [])

    def test_acknowledged_writes_survive_the_pulled_plug(self):
        with Box() as fresh:
            made = []
            for i in range(20):
                reply = fresh.api.request("POST", "/network/v2.0/networks",
                                          body={"network": {"name": f"n{i}"}})
                self.assertEqual(reply.status, 201)
                made.append(reply.json()["network"]["id"])
            fresh.cut()
            fresh.start()
            there = {n["id"] for n in fresh.api.get("/network/v2.0/networks")["networks"]}
            self.assertLessEqual(set(made), there)

    def test_start_and_say_how_long_it_took(self):
        # Not a timed assertion: the figure is printed for whoever reads the log.
        begun = time.monotonic()
        with Box():
            print(f"(a hosted box answered after {time.monotonic() - begun:.2f} s)")


if __name__ == "__main__":
    unittest.main(verbosity=2)
