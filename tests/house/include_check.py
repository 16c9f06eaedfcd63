#!/usr/bin/env python3
"""Holds the table of docs/architecture.md, section 3: which folder may include which, and by which headers.

The page is the law, so the table is read from it. The longest row that a file lies in rules its includes; the public
headers of a folder are those of its longest row, relative to that row's folder.
"""

import os
import re
import sys

import tree

PAGE = "docs/architecture.md"
INCLUDE = re.compile(r'\s*#\s*include\s+(["<])([^">]+)[">]')
# Libraries of vendors and protocols, and the folders that may know them.
VENDOR = {
    "CL/": ("backends/opencl/",), "cuda": ("backends/cuda/",), "hip/": ("backends/hip/",), "xrt/": ("backends/xrt/",),
    "boost/": ("daemon/http/",), "prometheus/": ("daemon/core/",), 
    "google/protobuf/": ("daemon/wire/", "client/proto/"), "zmq": ("client/proto/",),
    "CLI/": ("client/cli/", "daemon/app/", "daemon/worker/main.cc"),
}


class Row:
    def __init__(self, cells):
        self.folder, _, public, allowed = cells
        self.public = [name.strip(" `") for name in public.split(",")]
        self.allowed = [name.strip(" `/") for name in allowed.split(",")]

    def offers(self, path):
        name = path[len(self.folder):]
        for public in self.public:
            if public in ("all", name) or (public.endswith("/") and name.startswith(public)):
                return True
        return False

    def may_include(self, folder):
        return "all" in self.allowed or folder in self.allowed


def read_table(root):
    """The rows of the page's table, longest folder first."""
    rows = []
    for line in tree.lines(root, PAGE):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and re.fullmatch(r"[a-z_/]+/", cells[0]):
            rows.append(Row(cells))
    return sorted(rows, key=lambda row: -len(row.folder))


def row_of(rows, path):
    return next((row for row in rows if path.startswith(row.folder)), None)


def generated(root, path):
    return path.endswith(".pb.h") and os.path.exists(os.path.join(root, path[:-len(".pb.h")] + ".proto"))


def judge(rows, root, path, quote, included):
    """Why this include is an offence, or None."""
    if quote == "<":
        for prefix, homes in VENDOR.items():
            if included.startswith(prefix) and not path.startswith((*homes, "tests/")):
                return f"<{included}> belongs to {' and '.join(homes)} alone"
        return None
    if not os.path.exists(os.path.join(root, included)) and not generated(root, included):
        return f'"{included}" is no path from the root'
    mine, theirs = row_of(rows, path), row_of(rows, included)
    if theirs is None:
        return f'"{included}" lies in no folder of the table'
    here, there = path.split("/")[0], included.split("/")[0]
    if here == there:
        return None
    if not mine.may_include(there):
        return f"{mine.folder} may include {', '.join(mine.allowed)}, not {there}"
    if here != "tests" and not theirs.offers(included):
        return f'"{included}" is not a public header of {theirs.folder} ({", ".join(theirs.public)})'
    return None


def check(root):
    rows = read_table(root)
    if not rows:
        return [f"{PAGE}: no table of folders"]
    offences = []
    for path in tree.files(root, tree.CODE):
        if row_of(rows, path) is None:
            offences.append(f"{path}: lies in no folder of {PAGE}")
            continue
        for number, line in enumerate(tree.lines(root, path), 1):
            found = INCLUDE.match(line)
            offence = judge(rows, root, path, *found.groups()) if found else None
            if offence:
                offences.append(f"{path}:{number}: {line.strip()}: {offence}")
    for row in rows:
        for name in row.public:
            if name.endswith(".h") and not os.path.exists(os.path.join(root, row.folder, name)):
                offences.append(f"{PAGE}: {row.folder}{name} is called public and is not there")
    return offences


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.root_argument(__doc__).parse_args().root)))
