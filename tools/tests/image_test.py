#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The built image, booted by UEFI in an emulated machine: its console, the README's transcript, the
pulled plug, a wrong clock, an import from outside."""
import contextlib
import hashlib
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import transcript
from box import Api, Client, wait_for
from machine import Machine

# Emulation inside of emulation, on machines that do other things as well.
BOOT_SECONDS = 300


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Booted:
    """A machine that runs, its serial line collected."""

    def __init__(self, folder, memory=2048):
        self.machine = Machine(folder, port=free_port(), memory=memory)
        self.machine.prepare()
        self.api = self.client = self.emulator = None

    def power_on(self):
        path = self.machine.path("serial.sock")
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        self.errors = open(self.machine.path("qemu.log"), "w")
        self.emulator = subprocess.Popen(self.machine.command(f"unix:{path}"), stderr=self.errors,
                                         stdin=subprocess.DEVNULL)
        listener.settimeout(60)
        self.line, _ = listener.accept()
        self.serial = bytearray()
        threading.Thread(target=self.collect, args=(self.line,), daemon=True).start()
        wait_for("the API", self.answers, seconds=BOOT_SECONDS, pause=1)
        clouds = self.machine.path("clouds.yaml")
        self.api, self.client = Api(clouds), Client(clouds)

    def collect(self, line):
        while data := line.recv(4096):
            self.serial += data

    def answers(self):
        if self.emulator.poll() is not None:
            with open(self.machine.path("qemu.log")) as file:
                raise AssertionError(f"QEMU ended: {file.read()}")
        return self.machine.fetch_ca()

    def type(self, text):
        self.line.sendall(text.encode())

    def screen(self):
        """What was written to the serial line, without the control sequences."""
        return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]", b"",
                      bytes(self.serial)).decode(errors="replace")

    def cut(self):
        if self.emulator and self.emulator.poll() is None:
            self.emulator.send_signal(signal.SIGKILL)
            self.emulator.wait()


@contextlib.contextmanager
def serving(content):
    """A web server on our loopback that answers everything with this; its port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="cumulet-image-")
        cls.booted = Booted(cls.folder)
        try:
            cls.booted.power_on()
        except BaseException:
            print(cls.booted.screen()[-4000:] if hasattr(cls.booted, "serial") else "")
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.booted.cut()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_1_console_shows_the_box(self):
        wait_for("the menu on the serial line", lambda: "Cumulet" in self.booted.screen())

    def test_2_kvm_is_found_by_trying(self):
        node = wait_for("the host's facts", lambda: (lambda node: (
            node if node.get("accelerator") else None))(self.booted.api.get("/node/v1")["node"]))
        self.assertEqual(node["accelerator"], "kvm")

    def test_3_import_from_this_machine(self):
        """QEMU's network leads from 10.0.2.2 to our loopback."""
        content = b"from elsewhere" * 10000
        with serving(content) as port:
            rules = self.booted.api.request("PUT", "/node/v1/image-import", body={
                "image_import": {"allowed_ports": [port]}})
            self.assertEqual(rules.status, 200, rules.body)
            image = self.imported(f"http://10.0.2.2:{port}/")
            self.assertEqual((image["status"], image["checksum"]),
                             ("active", hashlib.md5(content).hexdigest()))
            image = self.imported(f"http://10.0.2.15:{port}/")
            self.assertEqual((image["status"], image["os_glance_failed_import"]),
                             ("queued", "local"))

    def imported(self, uri):
        """What has become of an image that was fetched from there."""
        api = self.booted.api
        path = "/image/v2/images/" + api.request("POST", "/image/v2/images", body={
            "name": "web", "disk_format": "raw", "container_format": "bare"}).json()["id"]
        self.addCleanup(api.request, "DELETE", path)
        reply = api.request("POST", path + "/import", body={
            "method": {"name": "web-download", "uri": uri}})
        self.assertEqual(reply.status, 202, reply.body)
        return wait_for("the import's end", lambda: (lambda image: (
            image if image["status"] in ("active", "queued") else None))(api.get(path)))

    def service_port(self, physical_network, **segment):
        """The status of the port of a provider network's own services: ACTIVE when it is wired."""
        api = self.booted.api
        network = api.request("POST", "/network/v2.0/networks", body={"network": {
            "provider:physical_network": physical_network, **segment}})
        self.assertEqual(network.status, 201, network.body)
        network = network.json()["network"]["id"]
        self.addCleanup(api.request, "DELETE", f"/network/v2.0/networks/{network}")
        subnet = api.request("POST", "/network/v2.0/subnets", body={"subnet": {
            "network_id": network, "ip_version": 4, "cidr": "192.168.77.0/24"}})
        self.assertEqual(subnet.status, 201, subnet.body)
        return lambda: api.get(f"/network/v2.0/ports?network_id={network}")["ports"][0]["status"]

    def test_2_vlan_on_the_uplink(self):
        api = self.booted.api
        link = api.get("/node/v1")["node"]["uplink"]["link"]
        reply = api.request("PUT", "/node/v1/physical-networks", body={"physical_networks": [
            {"name": "lan", "link": link}]})
        self.assertEqual(reply.status, 200, reply.body)
        vlan = self.service_port("lan", **{"provider:network_type": "vlan",
                                           "provider:segmentation_id": 100})
        # The uplink itself stays the box's: these very requests come by it.
        flat = self.service_port("lan", **{"provider:network_type": "flat"})
        wait_for("the flat network to be refused", lambda: flat() == "DOWN")
        self.assertEqual(vlan(), "ACTIVE")
        refused = [line for line in api.get("/node/v1/logs?limit=500")["lines"]
                   if "network not bridged" in line]
        self.assertTrue(all("only VLANs are bridged" in line for line in refused), refused)

    def test_3_transcript(self):
        transcript.check(transcript.run(self.booted.client))

    def test_4_pulled_plug(self):
        made = self.booted.api.request("POST", "/network/v2.0/networks",
                                       body={"network": {"name": "kept"}})
        self.assertEqual(made.status, 201)
        self.booted.cut()
        self.booted.power_on()
        networks = self.booted.api.get("/network/v2.0/networks?name=kept")["networks"]
        self.assertEqual(len(networks), 1)

    def test_5_clock_that_is_wrong_by_years(self):
        """A battery that is empty, and a clock that somebody set to the wrong century: whoever trusts the
        box and knows the password gets in, and what was made stays and can be changed."""
        for year, name in ((2048, "later"), (2001, "earlier")):
            self.booted.cut()
            self.booted.machine.clock = f"{year}-06-01T12:00:00"
            self.booted.power_on()
            api = self.booted.api
            made = api.request("POST", "/network/v2.0/networks", body={"network": {"name": name}})
            self.assertEqual(made.status, 201, made.body)
            self.assertEqual(made.json()["network"]["created_at"][:4], str(year))
            self.booted.client.run("network", "delete", name)
            self.assertEqual(len(api.get("/network/v2.0/networks?name=kept")["networks"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
