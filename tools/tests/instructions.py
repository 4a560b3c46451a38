# SPDX-License-Identifier: GPL-2.0-or-later
"""How many instructions the control plane executes for a request, counted by callgrind: the same on a
busy machine as on an idle one. The box's own binary, alone and unconfined, its records in memory."""
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import time

from measure import Connection

PASSWORD = "counted-by-callgrind"
REQUESTS = 10
PATIENCE = 120


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Alone:
    """cloud --standalone, below a folder that goes away; with 'counts' under callgrind."""

    def __init__(self, binary, folder, counts=None):
        self.host = f"127.0.0.1:{free_port()}"
        command = [binary, "cloud", "--standalone", folder, "--port", self.host.split(":")[1]]
        if counts:
            command = ["valgrind", "--tool=callgrind", "--instr-atstart=no",
                       f"--callgrind-out-file={counts}", *command]
        self.folder, self.counts, self.dumps = folder, counts, 0
        with open(os.path.join(folder, "log"), "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def __enter__(self):
        try:
            self.connection = self.connect()
            self.token = self.login()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def connect(self):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.context = ssl.create_default_context(
                    cafile=os.path.join(self.folder, "tls/ca.pem"))
                return Connection(self)
            except OSError as error:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise AssertionError(f"cloud does not answer alone: {error}") from error
                time.sleep(0.2)

    def login(self):
        """The token stands in a header, which replies of Connection do not have."""
        body = json.dumps({"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": "admin", "password": PASSWORD, "domain": {"name": "Default"}}}},
            "scope": {"project": {"name": "admin", "domain": {"name": "Default"}}}}})
        done = subprocess.run(
            ["curl", "-sSi", "--cacert", os.path.join(self.folder, "tls/ca.pem"), "-d", body,
             "-H", "Content-Type: application/json", f"https://{self.host}/identity/v3/auth/tokens"],
            check=True, capture_output=True, text=True)
        return re.search(r"(?im)^x-subject-token: *(\S+)", done.stdout).group(1)

    def send(self, method, path, status, body):
        got, reply = self.connection.request(method, path, json.dumps(body).encode(),
                                             X_Auth_Token=self.token,
                                             Content_Type="application/json",
                                             X_OpenStack_Nova_API_Version="2.90")
        assert got == status, f"{method} {path}: {got} {reply[:400]}"
        return json.loads(reply or b"null")

    def control(self, *words):
        subprocess.run(["callgrind_control", *words, str(self.process.pid)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def instructions(self, path):
        """Of one GET, once what can be kept is kept."""
        for _ in range(2):
            self.connection.get(path, self.token)
        self.control("--zero")
        self.control("--instr=on")
        for _ in range(REQUESTS):
            self.connection.get(path, self.token)
        self.control("--instr=off")
        self.control("--dump")
        self.dumps += 1
        with open(f"{self.counts}.{self.dumps}", encoding="ascii") as file:
            return int(re.search(r"(?m)^totals: (\d+)", file.read()).group(1)) / REQUESTS


def fill(alone, servers):
    """Servers with a port each. Nobody is there to start them: records like all others."""
    project = alone.send("GET", "/identity/v3/projects?name=admin", 200, {})["projects"][0]["id"]
    alone.send("PUT", f"/compute/v2.1/os-quota-sets/{project}", 200,
               {"quota_set": {"instances": -1, "cores": -1, "ram": -1}})
    alone.send("PUT", f"/network/v2.0/quotas/{project}", 200, {"quota": {"port": -1}})
    network = alone.send("GET", "/network/v2.0/networks?name=private", 200, {})["networks"][0]["id"]
    flavor = alone.send("POST", "/compute/v2.1/flavors", 200, {"flavor": {
        "name": "smallest", "ram": 16, "vcpus": 1, "disk": 0}})["flavor"]["id"]
    image = alone.send("POST", "/image/v2/images", 201, {
        "name": "empty", "disk_format": "raw", "container_format": "bare"})["id"]
    status, reply = alone.connection.request("PUT", f"/image/v2/images/{image}/file", bytes(65536),
                                             X_Auth_Token=alone.token,
                                             Content_Type="application/octet-stream")
    assert status == 204, reply
    for _ in range(servers):
        alone.send("POST", "/compute/v2.1/servers", 202, {"server": {
            "name": "counted", "imageRef": image, "flavorRef": flavor,
            "networks": [{"uuid": network}]}})


def count(binary, servers, paths):
    """Instructions of a GET of each path, with so many servers in the store."""
    parent = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="cumulet-count-", dir=parent) as folder:
        os.mkdir(os.path.join(folder, "provision"))
        with open(os.path.join(folder, "provision/admin-password"), "w", encoding="ascii") as file:
            file.write(PASSWORD)
        with Alone(binary, folder) as alone:
            fill(alone, servers)
        with Alone(binary, folder, os.path.join(folder, "counts")) as alone:
            return [alone.instructions(path) for path in paths]
