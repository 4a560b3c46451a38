#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of packets (netstack/**/kernel*_test) on the board's own kernel: guests are namespaces
plugged into ports, netd and svc are the image's own binary, in an emulated machine that holds these and
the test programs and nothing else."""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from machine import TOP

BOARD = os.environ.get("BOARD", "qemu-x86_64")
KERNEL = os.path.join(TOP, "build", BOARD, "package/linux/vmlinuz")
SOURCES = sorted(glob.glob(os.path.join(TOP, "netstack/**/test/kernel*_test.c"), recursive=True))
PROGRAMS = [os.path.relpath(source, TOP)[:-2] for source in SOURCES]
TOOLS = ("bash", "busybox", "ip", "bridge", "tc", "nft", "setpriv", "nsenter", "unshare", "mount")
SECONDS = 1500  # emulation, on machines that do other things as well
INIT = r"""#!/bin/sh
export PATH=/bin HOME=/ ASAN_OPTIONS=detect_leaks=0 CUMULET_BINARY=/source/cumulet
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
ip link set lo up
cd /source
for program in %s; do
	echo "== $program"
	timeout 300 build/host/$program >/tmp/log 2>&1
	echo "== status $?"
	grep -aE '^\[|^[a-z]' /tmp/log | tail -n 80
done
echo "== over"
busybox poweroff -f
"""


def libraries(path):
    """What the dynamic linker loads for it, itself included."""
    listing = subprocess.run(["ldd", path], text=True, capture_output=True, check=False).stdout
    return re.findall(r"(/\S+) \(0x", listing)


class Root:
    """A root file system for the emulated machine."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("bin", "dev", "proc", "sys", "tmp", "run", "etc", "usr/share"):
            os.makedirs(os.path.join(folder, name))

    def add(self, path, to):
        """The file, executable, with what it loads."""
        target = os.path.join(self.folder, to.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            shutil.copy(os.path.realpath(path), target)
        for library in libraries(path):
            self.add(library, library)

    def fill(self):
        for tool in TOOLS:
            path = shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin")
            assert path, f"{tool} is not installed"
            self.add(path, f"bin/{tool}")
        os.symlink("bash", os.path.join(self.folder, "bin/sh"))
        for applet in subprocess.run(["busybox", "--list"], text=True, capture_output=True,
                                     check=True).stdout.split():
            link = os.path.join(self.folder, "bin", applet)
            if not os.path.lexists(link):
                os.symlink("busybox", link)
        for program in PROGRAMS:
            self.add(os.path.join(TOP, "build/host", program), f"source/build/host/{program}")
        self.add(os.path.join(TOP, "build", BOARD, "cumulet"), "source/cumulet")
        shutil.copytree(os.path.join(TOP, "rootfs/skeleton/usr/share"),
                        os.path.join(self.folder, "source/rootfs/skeleton/usr/share"))
        with open(os.open(os.path.join(self.folder, "init"), os.O_WRONLY | os.O_CREAT, 0o755),
                  "w", encoding="ascii") as file:
            file.write(INIT % " ".join(PROGRAMS))


def boot(folder):
    """What the machine says until it switches itself off."""
    root, disk = Root(os.path.join(folder, "root")), os.path.join(folder, "root.squashfs")
    root.fill()
    subprocess.run(["mksquashfs", root.folder, disk, "-comp", "zstd", "-Xcompression-level", "1",
                    "-all-root", "-quiet", "-no-progress"], check=True, stdout=subprocess.DEVNULL)
    accelerator = os.environ.get("CUMULET_ACCEL", "tcg,thread=multi")
    command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
               "-no-reboot", "-machine", "q35", "-accel", accelerator,
               "-cpu", "host" if accelerator.startswith("kvm") else "max", "-smp", "2", "-m", "1024",
               "-kernel", KERNEL, "-append",
               "root=/dev/vda ro rootfstype=squashfs init=/init console=ttyS0 quiet panic=-1",
               "-drive", f"if=virtio,format=raw,readonly=on,file={disk}", "-serial", "stdio"]
    log = os.path.join(folder, "log")
    with open(log, "wb") as file:
        try:
            subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                           timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            pass
    with open(log, encoding="utf-8", errors="replace") as file:
        return file.read().replace("\r", "")


class OwnKernel(unittest.TestCase):
    said = ""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="cumulet-kernel-") as folder:
            cls.said = boot(folder)

    def passes(self, program):
        part = self.said.partition(f"== {program}\n")[2].partition("\n== status ")
        status, _, lines = part[2].partition("\n")
        lines = lines.partition("\n== ")[0]
        self.assertTrue(part[1], f"it has not ended: {self.said[-3000:]}")
        self.assertEqual(status, "0", lines)
        # Nothing is left out on our own kernel.
        self.assertIn("PASSED", lines)
        self.assertNotIn("SKIPPED", lines)


for each in PROGRAMS:
    setattr(OwnKernel, f"test_{os.path.basename(each)}",
            lambda self, program=each: self.passes(program))

if __name__ == "__main__":
    unittest.main(verbosity=2)
