#!/usr/bin/env python3
"""Words and calls that do not belong in the tree: unfinished work, foreign paths, clocks outside base/clock."""

import re
import sys

import tree

# (what, where it may stand, why not elsewhere). Of every text file but the checkers of the house themselves.
RULES = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), (), "unfinished work: finish it or write an issue"),
    (re.compile(r"\b(placeholder|stubs?|stubbed|not yet implemented)\b", re.I), (), "unfinished work"),
    (re.compile(r"\.\./shared\b|(?<![\w.])/(work|root)/|/tmp/(?:m|build)[-/]"), (), "a path of somebody's machine"),
]
CODE_RULES = [
    (re.compile(r"#\s*include\s*<regex>|std::regex"), (), "<regex> recurses without bound on long input"),
    (re.compile(r"_clock::now\(|\bgettimeofday\(|(?:std::|[^\w.>:])time\((?:nullptr|NULL|0)\)"),
     ("base/clock.cc", "tests/"), "nothing but base/clock reads the time"),
    (re.compile(r"(?<![\w:])assert\(|\babort\(\)"), ("backends/fake/", "tests/"), "an error is a Result, not an end"),
]
HOUSE = "tests/house/"


def check(root):
    offences = []
    for path in tree.files(root):
        if path.startswith(HOUSE):
            continue
        rules = RULES + (CODE_RULES if path.endswith(tree.CODE) else [])
        rules = [(pattern, why) for pattern, homes, why in rules if not (homes and path.startswith(homes))]
        for number, line in enumerate(tree.lines(root, path), 1):
            for pattern, why in rules:
                found = pattern.search(line)
                if found:
                    offences.append(f"{path}:{number}: {found.group(0).strip()}: {why}")
    return offences


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.root_argument(__doc__).parse_args().root)))
