# SPDX-License-Identifier: GPL-2.0-or-later
"""The built image in an emulated machine: what `make run` and the image tests start."""
import os
import secrets
import shutil
import ssl
import subprocess
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRMWARE = [("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
            ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd")]


class Machine:
    """A disk that starts as a copy of the image and keeps what the box writes, in a folder."""

    def __init__(self, folder, board="qemu-x86_64", port=8443, memory=2048, disk="8G"):
        self.folder, self.port, self.memory = folder, port, memory
        self.image = os.path.join(TOP, "build", board, "cumulet.img")
        self.size = disk
        self.clock = "utc"  # what the board's clock says: as here, or a moment of its own

    def path(self, name):
        return os.path.join(self.folder, name)

    def prepare(self):
        """Everything that is missing; a disk of an older image is replaced when asked by remove()."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        code, variables = next(pair for pair in FIRMWARE if os.path.exists(pair[0]))
        self.code = code
        if not os.path.exists(self.path("vars.fd")):
            shutil.copy(variables, self.path("vars.fd"))
        if not os.path.exists(self.path("disk.qcow2")):
            # The image is copied, not backed by the file that the next build replaces.
            subprocess.run(["qemu-img", "convert", "-O", "qcow2", self.image, self.path("disk.qcow2")],
                           check=True)
            subprocess.run(["qemu-img", "resize", "-q", self.path("disk.qcow2"), self.size], check=True)
        if not os.path.exists(self.path("admin-password")):
            with open(os.open(self.path("admin-password"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(12))
        self.write_clouds()

    def write_clouds(self):
        with open(self.path("admin-password")) as file:
            password = file.read().strip()
        with open(os.open(self.path("clouds.yaml"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "w") as file:
            file.write(f"""clouds:
  cumulet:
    auth:
      auth_url: https://127.0.0.1:{self.port}/identity/v3
      username: admin
      password: {password}
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    interface: public
    identity_api_version: 3
    cacert: {self.path('ca.pem')}
""")

    def command(self, serial):
        """QEMU's command line. The password goes through a file: it is in no process list."""
        accelerator = os.environ.get("CUMULET_ACCEL", "tcg,thread=multi")
        return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                "-machine", "q35", "-accel", accelerator,
                "-cpu", "host" if accelerator.startswith("kvm") else "max",
                "-smp", "2", "-m", str(self.memory), "-rtc", f"base={self.clock}",
                "-drive", f"if=pflash,format=raw,readonly=on,file={self.code}",
                "-drive", f"if=pflash,format=raw,file={self.path('vars.fd')}",
                "-drive", f"if=none,id=disk,format=qcow2,discard=unmap,file={self.path('disk.qcow2')}",
                "-device", "virtio-blk-pci,drive=disk",
                "-netdev", f"user,id=uplink,hostfwd=tcp:127.0.0.1:{self.port}-:8443",
                "-device", "virtio-net-pci,netdev=uplink,romfile=",
                "-device", "virtio-rng-pci", "-device", "i6300esb",
                "-fw_cfg", f"name=opt/org.cumulet/admin-password,file={self.path('admin-password')}",
                "-serial", serial]

    def fetch_ca(self):
        """True once the API has answered and its CA certificate stands in ca.pem."""
        # The certificate that will be trusted from here on: whoever can stand between us and
        # our own loopback could as well read the disk.
        context = ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{self.port}/node/v1/ca", timeout=5,
                                        context=context) as reply:
                certificate = reply.read()
        except OSError:
            return False
        with open(self.path("ca.pem"), "wb") as file:
            file.write(certificate)
        return True
