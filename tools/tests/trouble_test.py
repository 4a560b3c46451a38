#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A hosted box when something is wrong around it: its disk is full, its cable is out; and one that is
asked for long."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from box import Box, wait_for
from measure import Connection, field, MeasuredBox

NETWORKS = "/network/v2.0/networks"


class FullDisk(unittest.TestCase):
    """A box whose data lie on a file system of 96 MiB."""

    SIZE_MIB = 96

    def setUp(self):
        self.state = tempfile.mkdtemp(prefix="cumulet-full-")
        self.addCleanup(shutil.rmtree, self.state, ignore_errors=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE_MIB}m", "tmpfs", self.state],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=True)
        self.box = Box(self.state)
        self.addCleanup(self.box.close)
        self.box.start()

    def fill(self):
        with open(os.path.join(self.state, "filler"), "wb", buffering=0) as filler:
            for size in (1 << 20, 4096):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    def post(self, name):
        return self.box.api.request("POST", NETWORKS, body={"network": {"name": name}})

    def names(self):
        return {network["name"] for network in self.box.api.get(NETWORKS)["networks"]}

    def make_until_refused(self):
        """The file of the store has some room left within itself."""
        made = []
        for number in range(3000):
            name = f"{number:0>255}"
            reply = self.post(name)
            if reply.status != 201:
                return made, reply
            made.append(name)
        self.fail("the store never was full")

    def test_what_was_acknowledged_stays_and_room_is_used_again(self):
        api = self.box.api
        before = {role: self.box.processes(role) for role in ("cloud", "vmm", "netd")}
        api.login()
        self.fill()
        made, refusal = self.make_until_refused()
        self.assertEqual(refusal.status, 507, refusal.body)
        self.assertIn("space", refusal.json()["NeutronError"]["message"])
        self.assertLessEqual(set(made), self.names())
        image = self.upload(b"x" * (1 << 20))
        self.assertIn(image.status, (413, 507), image.body)
        # It still gives tokens, and nobody has died of it.
        api.token = None
        api.login()
        self.assertEqual(before, {role: self.box.processes(role) for role in before})
        self.restart_cloud()
        self.assertLessEqual(set(made), self.names())
        # What is deleted makes room, on a disk that is as full as before.
        network = api.get(f"{NETWORKS}?name={made[0]}")["networks"][0]["id"]
        self.assertEqual(api.request("DELETE", f"{NETWORKS}/{network}").status, 204)
        os.unlink(os.path.join(self.state, "filler"))
        self.assertEqual(self.post("afterwards").status, 201)
        self.assertEqual(self.upload(b"x" * (1 << 20)).status, 204)

    def upload(self, data):
        """The reply that refuses an image, or takes its bytes."""
        api = self.box.api
        made = api.request("POST", "/image/v2/images", body={
            "name": "large", "disk_format": "raw", "container_format": "bare"})
        if made.status != 201:
            return made
        return api.request("PUT", f"/image/v2/images/{made.json()['id']}/file", body=data,
                           headers={"Content-Type": "application/octet-stream"})

    def restart_cloud(self):
        before = self.box.processes("cloud")
        self.box.inside("kill", "-9", str(before[0]))
        wait_for("a new cloud", lambda: set(self.box.processes("cloud")) - set(before), seconds=30)
        wait_for("the API", self.answers, seconds=30)

    def answers(self):
        try:
            return self.box.api.request("GET", "/", token=False).status == 200
        except OSError:
            return False


class CutCable(unittest.TestCase):
    """The uplink's cable is pulled, and put in again."""

    def setUp(self):
        self.box = Box()
        self.addCleanup(self.box.close)
        self.box.start()

    def cable(self, state):
        links = self.box.tool("enter-outside", "ip", "-o", "link").stdout
        cable = re.search(r"\b(cable\d+)", links).group(1)
        self.box.tool("enter-outside", "ip", "link", "set", cable, state)

    def uplink(self):
        return self.box.api.get("/node/v1")["node"]["uplink"]

    def reaches_outside(self):
        return self.box.inside("ping", "-c1", "-W2", "203.0.113.1", check=False).returncode == 0

    def test_the_box_goes_on_and_is_back(self):
        wait_for("the uplink", lambda: self.uplink()["carrier"])
        self.assertTrue(self.reaches_outside())
        before = self.uplink()
        self.cable("down")
        wait_for("the loss to be seen", lambda: not self.uplink()["carrier"])
        # Those inside do not need it.
        server = self.box.boot("lonely", self.box.add_image())
        self.box.wait_console(server, "guest: hostname lonely")
        self.assertFalse(self.reaches_outside())
        self.cable("up")
        wait_for("the cable to be seen", lambda: self.uplink()["carrier"])
        wait_for("the world outside", self.reaches_outside)
        self.assertEqual(self.uplink(), before)


class LongUse(unittest.TestCase):
    """Thousands of requests, good and bad: what cloud keeps for itself does not grow with them."""

    ROUNDS = 400  # of 12 requests
    FILLING = 2500  # records that are made and deleted until the cache of records is full (3 MiB)
    GROWTH_MOST = 256 << 10
    READ = ("/compute/v2.1/servers/detail", "/image/v2/images", "/network/v2.0/ports",
            "/identity/v3/projects", "/placement/resource_providers", "/node/v1",
            "/compute/v2.1/flavors/detail")
    REFUSED = ((404, "GET", "/image/v2/images/none", b""),
               (400, "POST", "/compute/v2.1/servers", b"{}"),
               (401, "GET", "/compute/v2.1/servers", b""))

    def setUp(self):
        self.box = MeasuredBox()
        self.addCleanup(self.box.close)
        self.box.start()
        self.box.prepare()
        for number in range(20):
            self.box.new_image(f"image-{number}")
        self.connection = Connection(self.box.api)

    def anonymous(self):
        return field(self.box.pids("cloud")[0], "status", "RssAnon:") * 1024

    def ask(self, status, method, path, body=b"", token=True):
        got, reply = self.connection.request(
            method, path, body, X_Auth_Token=self.box.token if token else "",
            Content_Type="application/json")
        self.assertEqual(got, status, f"{method} {path}: {reply[:200]}")
        return reply

    def network(self):
        made = json.loads(self.ask(201, "POST", NETWORKS, json.dumps(
            {"network": {"name": "short", "description": "x" * 255}}).encode()))
        self.ask(204, "DELETE", f"{NETWORKS}/{made['network']['id']}")

    def round(self):
        for path in self.READ:
            self.ask(200, "GET", path)
        self.network()
        for status, *request in self.REFUSED:
            self.ask(status, *request, token=status != 401)

    def rounds(self, count):
        for _ in range(count):
            self.round()
        for _ in range(10):  # connections and logins have their own
            self.box.api.token = None
            self.box.token = self.box.api.login()

    def test_memory_stays(self):
        self.rounds(self.ROUNDS // 4)
        for _ in range(self.FILLING):
            self.network()
        before = self.anonymous()
        self.rounds(self.ROUNDS)
        grown = self.anonymous() - before
        print(f"RssAnon of cloud: {before >> 10} KiB, after {12 * self.ROUNDS} requests {grown >> 10} more")
        self.assertLess(grown, self.GROWTH_MOST)


if __name__ == "__main__":
    unittest.main(verbosity=2)
