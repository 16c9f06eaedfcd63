#!/usr/bin/env python3
"""clang-tidy with the short list of .clang-tidy, all of it errors.

A commit is checked in part: the files that the commit changed and a few others that its hash chooses, so that every
file has its turn and one commit always gets the same answer. MOTLEY_TIDY=all checks every file.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import tree

CHANGED, CHOSEN = 6, 6


def git(root, *arguments):
    run = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, *arguments], capture_output=True, text=True)
    return run.stdout.split() if run.returncode == 0 else []


def choose(paths, root):
    if os.environ.get("MOTLEY_TIDY") == "all":
        return paths
    commit = "".join(git(root, "rev-parse", "HEAD"))
    changed = set(git(root, "diff-tree", "--no-commit-id", "--name-only", "-r", "HEAD"))
    by_hash = sorted(paths, key=lambda p: hashlib.sha256((commit + p).encode()).hexdigest())
    first = [p for p in by_hash if p in changed][:CHANGED]
    return first + [p for p in by_hash if p not in first][:CHOSEN]


def tidy(root, build, path):
    """The errors of a file: "path:line:column: what [check]". What clang 14 cannot compile of g++ 12's library is not ours."""
    command = ["clang-tidy", "--quiet", "-p", build, "--extra-arg=-Wno-everything", path]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)
    found = [line.replace(root + "/", "") for line in re.findall(r"^(\S+: error: .*)$", run.stdout, re.M)]
    if run.returncode and not found:
        return [f"{path}: clang-tidy failed: {run.stderr.strip()[-400:]}"]
    return [line for line in found if not line.startswith("/") and "[clang-diagnostic" not in line]


def check(root, build):
    with open(os.path.join(build, "compile_commands.json")) as file:
        compiled = {os.path.relpath(entry["file"], root) for entry in json.load(file)}
    paths = choose([p for p in tree.files(root, [".cc"]) if p in compiled], root)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return sorted({line for found in pool.map(lambda p: tidy(root, build, p), paths) for line in found})


if __name__ == "__main__":
    parser = tree.root_argument(__doc__)
    parser.add_argument("--build", required=True, help="the folder of compile_commands.json")
    arguments = parser.parse_args()
    if not shutil.which("clang-tidy"):
        print("skipped: no clang-tidy")
        sys.exit(tree.SKIPPED)
    sys.exit(tree.report(check(os.path.abspath(arguments.root), os.path.abspath(arguments.build))))
