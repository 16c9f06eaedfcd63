#!/usr/bin/env python3
"""Every script in scripts/ is sound bash (or Python) and answers --help without doing anything."""

import os
import subprocess
import sys

import tree


def check_script(root, path):
    full = os.path.join(root, path)
    first = (tree.lines(root, path) or [""])[0]
    if path.endswith(".py"):
        parse = [sys.executable, "-c", "import ast,sys; ast.parse(open(sys.argv[1]).read())", full]
    else:
        parse = ["bash", "-n", full]
    parsed = subprocess.run(parse, capture_output=True, text=True)
    if parsed.returncode != 0:
        yield f"{path}: {parsed.stderr.strip()}"
        return
    if not first.startswith("#!"):
        return  # sourced or called by the others
    if not os.access(full, os.X_OK):
        yield f"{path}: starts with #! and is not executable"
        return
    run = subprocess.run([full, "--help"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    if run.returncode != 0 or "usage" not in run.stdout.lower():
        yield f"{path}: --help exits with {run.returncode} and prints no usage on stdout"


def check(root):
    paths = [path for path in tree.files(root) if path.startswith("scripts/")]
    return [offence for path in paths for offence in check_script(root, path)]


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.root_argument(__doc__).parse_args().root)))
