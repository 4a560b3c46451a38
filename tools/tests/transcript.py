# SPDX-License-Identifier: GPL-2.0-or-later
"""The README's first transcript, with the stock client, against any running box."""
import os
import subprocess
import tempfile

from box import GUEST_IMAGE, wait_for

HELLO = "#!/bin/sh\necho hello from $(hostname)\n"


def run(client):
    """Follows the README line by line; returns what the guest wrote on its console."""
    with tempfile.TemporaryDirectory() as folder:
        key, hello = os.path.join(folder, "id_ed25519"), os.path.join(folder, "hello.sh")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        with open(hello, "w") as file:
            file.write(HELLO)
        client.run("image", "create", "--disk-format", "qcow2", "--container-format", "bare",
                   "--file", GUEST_IMAGE, "tiny")
        client.run("keypair", "create", "--public-key", key + ".pub", "me")
        client.run("server", "create", "--image", "tiny", "--flavor", "m1.tiny", "--network",
                   "private", "--key-name", "me", "--user-data", hello, "--wait", "first")
        log = wait_for("the guest's first boot to end", lambda: (lambda text: (
            text if "guest: up after" in text else None))(client.text("console", "log", "show", "first")),
            seconds=600, pause=2)
        servers = client.json("server", "list")
        assert [(s["Name"], s["Status"]) for s in servers] == [("first", "ACTIVE")], servers
        client.run("server", "stop", "first")
        wait_for("SHUTOFF", lambda: client.json("server", "show", "first")["status"] == "SHUTOFF",
                 pause=1)
        client.run("server", "delete", "--wait", "first")
        assert client.json("server", "list") == []
        client.run("keypair", "delete", "me")
        client.run("image", "delete", "tiny")
    return log


def check(log):
    """What the guest has to have found out about itself."""
    for line in ("guest: address 10.20.0.", "guest: metadata from the metadata service",
                 "guest: hostname first", "guest: keys 1", "hello from first",
                 "guest: user-data ended with 0"):
        assert line in log, f"'{line}' is not on the guest's console:\n{log[-3000:]}"
