# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of a running box share: a hosted box of their own, the stock client, plain requests."""
import contextlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time

import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GUEST_IMAGE = os.path.join(TOP, "build/guest/tiny.qcow2")
# Slow and busy machines: what takes a second may take twenty.
PATIENCE = float(os.environ.get("CUMULET_TEST_PATIENCE", "120"))


def wait_for(what, condition, seconds=PATIENCE, pause=0.1):
    """The first true value of condition(); fails with 'what' when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Api:
    """Requests to a box, by clouds.yaml: a token is fetched when the first one is needed."""

    def __init__(self, clouds_yaml, cloud="cumulet"):
        with open(clouds_yaml) as file:
            self.cloud = yaml.safe_load(file)["clouds"][cloud]
        url = self.cloud["auth"]["auth_url"]
        self.host = url.split("/")[2]
        self.context = ssl.create_default_context(cafile=self.cloud["cacert"])
        self.token = None

    def connect(self, timeout=PATIENCE):
        return http.client.HTTPSConnection(self.host, context=self.context, timeout=timeout)

    def request(self, method, path, body=None, headers=None, token=True):
        headers = dict(headers or {})
        if token:
            headers["X-Auth-Token"] = token if isinstance(token, str) else self.login()
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return Reply(reply.status, reply.headers, reply.read())

    def get(self, path, **options):
        reply = self.request("GET", path, **options)
        assert reply.status == 200, f"GET {path}: {reply.status} {reply.body[:400]}"
        return reply.json()

    def login(self):
        if not self.token:
            auth = self.cloud["auth"]
            reply = self.request("POST", "/identity/v3/auth/tokens", token=False, body={"auth": {
                "identity": {"methods": ["password"], "password": {"user": {
                    "name": auth["username"], "password": auth["password"],
                    "domain": {"name": auth["user_domain_name"]}}}},
                "scope": {"project": {"name": auth["project_name"],
                                      "domain": {"name": auth["project_domain_name"]}}}}})
            assert reply.status == 201, f"login: {reply.status} {reply.body[:400]}"
            self.token = reply.headers["X-Subject-Token"]
        return self.token


class Client:
    """The stock command-line client, as a person uses it."""

    def __init__(self, clouds_yaml):
        self.environment = dict(os.environ, OS_CLIENT_CONFIG_FILE=clouds_yaml, OS_CLOUD="cumulet",
                                PYTHONWARNINGS="ignore")
        self.environment.pop("PYTHONPATH", None)

    def run(self, *words, check=True, stdin=None):
        done = subprocess.run(["/usr/bin/openstack", *words], env=self.environment, text=True,
                              capture_output=True, input=stdin, timeout=4 * PATIENCE)
        if check:
            assert done.returncode == 0, f"openstack {' '.join(words)}: {done.stdout}{done.stderr}"
        return done

    def text(self, *words):
        return self.run(*words).stdout

    def json(self, *words):
        return json.loads(self.run(*words, "-f", "json").stdout)


class Box:
    """A hosted box with a state directory of its own, which goes away with it."""

    def __init__(self, state=None, options=()):
        self.own = state is None
        self.state = state or tempfile.mkdtemp(prefix="cumulet-test-")
        self.options = list(options)

    def tool(self, verb, *words, check=True, **options):
        command = [os.path.join(TOP, "tools/hosted"), verb, "--state", self.state, *words]
        done = subprocess.run(command, text=True, capture_output=True, timeout=4 * PATIENCE, **options)
        if check:
            assert done.returncode == 0, f"hosted {verb}: {done.stdout}{done.stderr}"
        return done

    def start(self):
        self.tool("start", *self.options)
        self.clouds_yaml = os.path.join(self.state, "clouds.yaml")
        self.api, self.client = Api(self.clouds_yaml), Client(self.clouds_yaml)
        return self

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.tool("stop", check=False)
        if self.own:
            shutil.rmtree(self.state, ignore_errors=True)

    def cut(self):
        """The pulled plug."""
        self.tool("cut")

    def inside(self, *words, check=True):
        return self.tool("enter", *words, check=check)

    def processes(self, role):
        """Process ids, as the box counts them, of a role ('cloud', 'vmm', 'qemu-system-x86_64')."""
        found = []
        listing = self.inside("sh", "-c", "for p in /proc/[0-9]*; do echo; printf '%s ' ${p#/proc/}; "
                              "cat $p/cmdline; done 2>/dev/null").stdout
        for line in listing.splitlines():
            pid, _, command = line.partition(" ")
            words = command.split("\0")
            if words and (os.path.basename(words[0]) == role or
                          (os.path.basename(words[0]) == "cumulet" and words[1:2] == [role])):
                found.append(int(pid))
        return found

    def log(self):
        return self.tool("log", check=False).stdout

    def serve_outside(self, *words):
        """web_server.py in the network outside; the process, which ends with its standard input."""
        command = [os.path.join(TOP, "tools/hosted"), "enter-outside", "--state", self.state,
                   "/usr/bin/python3", os.path.join(TOP, "tools/tests/web_server.py"), *words]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = server.stdout.readline()
        assert line == "serving\n", f"the web outside says '{line}'"
        return server

    # --- what many tests need

    def add_image(self, name="tiny", path=GUEST_IMAGE, **properties):
        reply = self.api.request("POST", "/image/v2/images", body={
            "name": name, "disk_format": "qcow2", "container_format": "bare", **properties})
        assert reply.status == 201, reply.body
        image = reply.json()["id"]
        with open(path, "rb") as file:
            reply = self.api.request("PUT", f"/image/v2/images/{image}/file", body=file, headers={
                "Content-Type": "application/octet-stream"})
        assert reply.status == 204, reply.body
        return image

    def network(self, name="private"):
        return self.api.get(f"/network/v2.0/networks?name={name}")["networks"][0]["id"]

    def flavor(self, name="m1.nano"):
        flavors = self.api.get("/compute/v2.1/flavors")["flavors"]
        return next(flavor["id"] for flavor in flavors if flavor["name"] == name)

    def boot(self, name, image, user_data=None, **more):
        """Asks for a server; returns its id."""
        import base64
        server = {"name": name, "imageRef": image, "flavorRef": self.flavor(),
                  "networks": [{"uuid": self.network()}], **more}
        if user_data:
            server["user_data"] = base64.b64encode(user_data.encode()).decode()
        reply = self.api.request("POST", "/compute/v2.1/servers", body={"server": server})
        assert reply.status == 202, reply.body
        return reply.json()["server"]["id"]

    def server(self, server):
        return self.api.get(f"/compute/v2.1/servers/{server}")["server"]

    def wait_status(self, server, status):
        def reached():
            now = self.server(server)
            if now["status"] == "ERROR" and status != "ERROR":
                raise AssertionError(f"server is in ERROR: {now.get('fault')}\n{self.log()[-3000:]}")
            return now if now["status"] == status else None
        return wait_for(f"status {status}", reached)

    def console(self, server):
        reply = self.api.request("POST", f"/compute/v2.1/servers/{server}/action",
                                 body={"os-getConsoleOutput": {}})
        if reply.status == 409:  # not built yet
            return ""
        assert reply.status == 200, reply.body
        return reply.json()["output"]

    def wait_console(self, server, text):
        try:
            return wait_for(f"'{text}' on the console", lambda: (
                lambda output: output if text in output else None)(self.console(server)), pause=0.5)
        except AssertionError as error:
            raise AssertionError(f"{error}; the console holds:\n{self.console(server)[-3000:]}\n"
                                 f"the box's log:\n{self.log()[-3000:]}") from None

    def action(self, server, action, status=202):
        reply = self.api.request("POST", f"/compute/v2.1/servers/{server}/action", body=action)
        assert reply.status == status, f"{action}: {reply.status} {reply.body}"

    def delete(self, server):
        reply = self.api.request("DELETE", f"/compute/v2.1/servers/{server}")
        assert reply.status == 204, reply.body
        wait_for("the server to be gone", lambda: self.api.request(
            "GET", f"/compute/v2.1/servers/{server}").status == 404)
