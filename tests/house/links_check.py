#!/usr/bin/env python3
"""Links between the pages lead somewhere: relative files exist, and so do the headings of their #fragments."""

import os
import re
import sys

import tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def anchors(root, path):
    """The fragments that the headings of a page answer to."""
    headings = [line.lstrip("#").strip() for line in tree.lines(root, path) if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def check(root):
    offences = []
    for path in tree.files(root, [".md"]):
        for number, line in enumerate(tree.lines(root, path), 1):
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, fragment = target.partition("#")
                where = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                if where.startswith("..") or not os.path.exists(os.path.join(root, where)):
                    offences.append(f"{path}:{number}: {target} leads nowhere")
                elif fragment and where.endswith(".md") and fragment not in anchors(root, where):
                    offences.append(f"{path}:{number}: {target}: no such heading")
    return offences


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.root_argument(__doc__).parse_args().root)))
