#!/usr/bin/env python3
"""Every C++ file is as clang-format leaves it."""

import re
import shutil
import subprocess
import sys

import tree


def check(root):
    paths = tree.files(root, tree.CODE)
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=root, capture_output=True, text=True)
    wrong = sorted({found for found in re.findall(r"^([^\s:]+):\d+:\d+: error", run.stderr, re.M)})
    if run.returncode != 0 and not wrong:
        return [run.stderr.strip() or "clang-format failed"]
    return [f"{path}: clang-format -i {path}" for path in wrong]


if __name__ == "__main__":
    arguments = tree.root_argument(__doc__).parse_args()
    if not shutil.which("clang-format"):
        print("skipped: no clang-format")
        sys.exit(tree.SKIPPED)
    sys.exit(tree.report(check(arguments.root)))
