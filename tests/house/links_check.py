#!/usr/bin/env python3
"""The pages are whole: links lead to files and headings that exist, and every schema that code names is documented."""

import os
import re
import sys

import tree

FORMATS = "docs/formats.md"
SCHEMA = re.compile(r'"(motley\.[a-z]+/\d+)"')
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def anchors(root, path):
    """The fragments that the headings of a page answer to."""
    headings = [line.lstrip("#").strip() for line in tree.lines(root, path) if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def check_schemas(root):
    documented = {line.lstrip("#").strip() for line in tree.lines(root, FORMATS) if line.startswith("##")}
    for path in tree.files(root, tree.CODE):
        for number, line in enumerate(tree.lines(root, path), 1):
            for schema in SCHEMA.findall(line):
                if schema not in documented and not path.startswith("tests/"):
                    yield f"{path}:{number}: {schema} has no heading in {FORMATS}"


def check(root):
    offences = list(check_schemas(root))
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
