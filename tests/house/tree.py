"""What the checkers of the house share: the files of the tree, and how an offence is reported."""

import argparse
import os
import subprocess
import sys

CODE = (".h", ".cc")
SKIPPED = 77  # ctest reads it as "skipped"


def root_argument(about):
    """A parser with --root, by default the repository this file is in."""
    parser = argparse.ArgumentParser(description=about)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)))
    return parser


def files(root, endings=()):
    """Paths relative to root: what git tracks, or every file where there is no git."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"], capture_output=True)
    if listed.returncode == 0 and os.path.exists(os.path.join(root, ".git")):
        found = [f for f in listed.stdout.decode().split("\0") if f and os.path.isfile(os.path.join(root, f))]
    else:
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if not f.startswith(("build", ".", "__"))]
            found += [os.path.relpath(os.path.join(folder, n), root) for n in names]
    return sorted(f for f in found if not endings or f.endswith(tuple(endings)))


def lines(root, path):
    """The lines of a text file without their ends; none for a binary one."""
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    return [] if b"\0" in data else data.decode(errors="replace").splitlines()


def report(offences):
    """Prints the offences, one per line, and gives the exit status."""
    for offence in offences:
        print(offence)
    print(f"{len(offences)} offences", file=sys.stderr)
    return 1 if offences else 0
