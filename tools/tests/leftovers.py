# SPDX-License-Identifier: GPL-2.0-or-later
"""What servers could leave behind on a box, and whether they did."""
import collections
import os
import subprocess

DESCRIPTORS = 4  # that a process may have more than before: connections that are kept


def count_lines(box, command):
    return box.inside("sh", "-c", f"{command} 2>/dev/null | wc -l").stdout.strip()


def rules(box):
    """The box's whole rule set in nft's words, without its counters and handles."""
    text = subprocess.run(["nsenter", "-t", str(box.init_pid()), "-n", "nft", "-s", "list", "ruleset"], check=True,
                          capture_output=True, text=True).stdout
    return len(text.splitlines())


def descriptors(box, role):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in box.pids(role))


def usages(box):
    """What placement says is taken of each class of resource."""
    headers = {"OpenStack-API-Version": "placement 1.30"}
    taken = collections.Counter()
    for provider in box.api.get("/placement/resource_providers", headers=headers)["resource_providers"]:
        taken.update(box.api.get(f"/placement/resource_providers/{provider['uuid']}/usages",
                                 headers=headers)["usages"])
    return dict(taken)


def look(box):
    """Everything that a server could leave behind, by name."""
    seen = {
        "processes": ' '.join(sorted(box.named().values())),
        "links": count_lines(box, "ls /sys/class/net"),
        "network namespaces": count_lines(box, "ls /run/netns"),
        "rules": rules(box),
        "guests' files": count_lines(box, "find /data/guests -not -path '*/.base*'"),
        "base images": count_lines(box, "ls /data/guests/.base"),
        "records of vmm": count_lines(box, "find /run/cumulet/guests"),
        "control groups": count_lines(box, "find /sys/fs/cgroup -type d -name '*-*-*-*-*'"),
        "mounts": count_lines(box, "cat /proc/mounts"),
        "servers": len(box.servers()),
        "ports": len(box.api.get("/network/v2.0/ports")["ports"]),
        "allocations": usages(box),
    }
    return seen


def compare(before, after):
    failures = 0
    for what, was in before.items():
        same = was == after[what]
        failures += not same
        print(f"{what:24} {was!s:>40} {'as before' if same else f'NOW {after[what]}'}")
    return failures


def compare_descriptors(box, before):
    failures = 0
    for role, was in before.items():
        now = descriptors(box, role)
        failures += now > was + DESCRIPTORS
        print(f"{'descriptors of ' + role:24} {was:>40} now {now}")
    return failures
