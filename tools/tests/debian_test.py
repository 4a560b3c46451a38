#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A plain Debian with Debian's own cloud-init (tools/debian-guest) on a hosted box: it learns its name,
key, network and user-data from the metadata service, and from the config drive alike. Not part of 'make
test': under emulation each boot takes minutes."""
import os
import subprocess
import tempfile
import unittest

from box import TOP, Box, wait_for

GUEST = os.path.join(TOP, "build/guest/debian.qcow2")
BOOT_SECONDS = 900
USER_DATA = ("#!/bin/sh\n"
             "exec >/dev/console\n"
             "echo user-data: $(hostname) has $(ip -4 -o addr show scope global | awk '{ print $4 }')\n"
             "echo user-data: $(cloud-init query platform) $(cloud-init query subplatform)\n")


class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([os.path.join(TOP, "tools/debian-guest")], check=True)
        cls.box = Box().__enter__()
        cls.image = cls.box.add_image(name="debian", path=GUEST, hw_firmware_type="uefi",
                                      hw_qemu_guest_agent="yes")
        reply = cls.box.api.request("POST", "/compute/v2.1/flavors", body={"flavor": {
            "name": "debian", "ram": 768, "disk": 3, "vcpus": 1}})
        cls.flavor = reply.json()["flavor"]["id"]
        with tempfile.TemporaryDirectory() as folder:
            key = os.path.join(folder, "key")
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tester", "-f", key],
                           check=True)
            with open(key + ".pub", encoding="utf-8") as file:
                reply = cls.box.api.request("POST", "/compute/v2.1/os-keypairs", body={"keypair": {
                    "name": "tester", "public_key": file.read()}})
        assert reply.status in (200, 201), reply.body

    @classmethod
    def tearDownClass(cls):
        cls.box.tool("cut", check=False)
        cls.box.close()

    def boots(self, name, source, **more):
        server = self.box.boot(name, self.image, user_data=USER_DATA, flavorRef=self.flavor,
                               key_name="tester", **more)
        self.addCleanup(self.box.delete, server)
        try:
            log = wait_for("cloud-init to end", lambda: (lambda text: (
                text if "finished at" in text else None))(self.box.console(server)),
                           seconds=BOOT_SECONDS, pause=3)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.box.console(server)[-6000:]}") from None
        [address] = [ip["addr"] for ip in self.box.server(server)["addresses"]["private"]
                     if ip["version"] == 4]
        self.assertIn(f"user-data: {name} has {address}/24", log)
        self.assertIn(f"user-data: {source}", log)
        self.assertIn("tester", log)  # the table of authorized keys
        self.assertIn(f"{name} login:", wait_for("the login prompt", lambda: (lambda text: (
            text if "login:" in text else None))(self.box.console(server)), seconds=BOOT_SECONDS))

        return server

    def test_metadata(self):
        self.boots("by-metadata", "openstack metadata (http://169.254.169.254)")

    def test_password_by_the_guest_agent(self):
        server = self.boots("agent", "openstack metadata (http://169.254.169.254)")
        wait_for("the agent", lambda: self.box.api.request(
            "POST", f"/compute/v2.1/servers/{server}/action",
            body={"changePassword": {"adminPass": "correct horse"}}).status == 202, pause=5)
        _, console = self.serial(server)
        self.assertIn("root@agent", console)

    def serial(self, server):
        """Logs in as root on the serial line, which only the box itself is near to."""
        path = f"/run/cumulet/guests/{server}/serial.sock"
        done = self.box.inside("sh", "-c", f"(sleep 1; echo; sleep 5; echo root; sleep 8; echo correct horse; "
                               f"sleep 20; echo id) | nc -w 45 local:{path}", check=False)
        return done.returncode, self.box.console(server)

    def test_config_drive(self):
        self.boots("by-drive", "configdrive config-disk", config_drive=True)


if __name__ == "__main__":
    unittest.main()
