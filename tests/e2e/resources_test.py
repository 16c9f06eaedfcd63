#!/usr/bin/env python3
"""Memory and idle work of all processes of a service."""

import os
import time

from service import Service, load, model_file, run_checks

MIB = 1 << 20
ALLOWED = 200 * MIB  # beside the weights and the KV memory
BLOCKS = 520 // 32 + 2  # of KV memory that the request wrote to


def tree(pid):
    """The process and all below it."""
    found = [pid]
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = [int(word) for word in file.read().split()]
    for task in os.listdir(f"/proc/{pid}/task"):
        if int(task) != pid:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                children += [int(word) for word in file.read().split()]
    for child in children:
        found += tree(child)
    return found


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_is_the_file_the_kv_cache_and_little_else():
    path = model_file()
    with Service(path, "--devices", "cpu0") as daemon:
        daemon.complete(prompt=[1000 + i for i in range(512)], max_tokens=8, ignore_eos=True)
        processes = tree(daemon.process.pid)
        used = sum(pss(pid) for pid in processes)
        status = daemon.status()
        kv = sum(stage["kv_bytes"] for stage in status["stages"]) * BLOCKS // status["kv_blocks"]
        size = os.path.getsize(path)
        print(f"{len(processes)} processes use {used / MIB:.0f} MiB: file {size / MIB:.0f}, KV {kv / MIB:.0f},"
              f" other {(used - size - kv) / MIB:.0f}")
        for pid in processes:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                print(f"  {file.read().strip()}: {pss(pid) / MIB:.0f} MiB")
        assert used <= size + kv + ALLOWED
        idle(processes)


def idle(processes):
    """Printed, not judged: the machine may be busy."""
    time.sleep(1)
    before, begin = sum(map(cpu_seconds, processes)), time.monotonic()
    time.sleep(10)
    share = (sum(map(cpu_seconds, processes)) - before) / (time.monotonic() - begin)
    print(f"idle for 10 s: {share * 100:.2f} % of one core ({load()})")


if __name__ == "__main__":
    run_checks(memory_is_the_file_the_kv_cache_and_little_else)
