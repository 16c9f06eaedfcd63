#!/usr/bin/env python3
"""Holds the sizes of docs/style.md: files, headers, functions, folders and pages."""

import collections
import os
import re
import sys

import tree

FILE_LINES, HEADER_LINES, FUNCTION_LINES, LONG_FUNCTIONS, FOLDER_ENTRIES = 600, 150, 60, 0.03, 20
PAGES = {"README.md": 149, "CONTRIBUTING.md": 99}
# Headers that may be longer, and why: (most lines, reason).
LONG_HEADERS = {
    "backends/backend.h": (170, "the whole contract of a device"),
    "client/client.h": (160, "the whole of the native door"),
    "kernels/op.h": (220, "the whole contract of the ops"),
    "kernels/attention/attention_vectors.h": (170, "code compiled once per instruction set"),
    "kernels/attention/flash_chunk.h": (240, "code compiled once per instruction set"),
    "kernels/mul_mat/cpu/quant_kernel.h": (290, "code compiled once per instruction set"),
    "daemon/http/server/connection_read.h": (190, "half of a coroutine-like class template"),
    "daemon/http/server/connection_write.h": (190, "half of a coroutine-like class template"),
}

FUNCTION_START = re.compile(r"^(?!\s*(?:namespace|class|struct|enum|union|extern|#|//|\}|return|else|if|for|while|switch|do)\b)"
                            r".*\)(?:\s*(?:const|noexcept|override|final|mutable))*\s*(?::.*|->.*)?\{\s*(?://.*)?$")
NOT_CODE = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'|//.*')


def functions(text_lines):
    """(first line, lines) of the functions, by counting braces outside of strings and comments."""
    found, depth, start, start_depth = [], 0, None, 0
    for number, raw in enumerate(text_lines, 1):
        line = NOT_CODE.sub("", raw)
        if start is None and FUNCTION_START.match(line):
            start, start_depth = number, depth
        depth += line.count("{") - line.count("}")
        if start is not None and depth <= start_depth:
            found.append((start, number - start + 1))
            start = None
    return found


def check_file(root, path):
    count = len(tree.lines(root, path))
    if path.endswith(tree.CODE) and count > FILE_LINES:
        yield f"{path}: {count} lines, a file has at most {FILE_LINES}"
    limit = LONG_HEADERS.get(path, (HEADER_LINES,))[0]
    if path.endswith(".h") and count > limit and not path.startswith("tests/"):
        yield f"{path}: {count} lines, this header has at most {limit}"
    if path in PAGES and count > PAGES[path]:
        yield f"{path}: {count} lines, at most {PAGES[path]}"


def check_folders(paths):
    entries = collections.defaultdict(set)
    for path in paths:
        while path:
            folder, name = os.path.split(path)
            entries[folder].add(name)
            path = folder
    for folder, names in sorted(entries.items()):
        visible = [n for n in names if not n.startswith(".")]
        if len(visible) > FOLDER_ENTRIES:
            yield f"{folder or '.'}/: {len(visible)} entries, a folder has at most {FOLDER_ENTRIES}"


def check_functions(root, paths):
    long, total = [], 0
    for path in paths:
        for start, count in functions(tree.lines(root, path)):
            total += 1
            if count > FUNCTION_LINES:
                long.append(f"{path}:{start}: {count} lines")
    if len(long) > LONG_FUNCTIONS * total:
        yield f"{len(long)} of {total} functions pass {FUNCTION_LINES} lines, at most 3 % may:"
        yield from long


def check(root):
    paths = tree.files(root)
    offences = [offence for path in paths for offence in check_file(root, path)]
    offences += check_folders(paths)
    offences += check_functions(root, [p for p in paths if p.endswith(tree.CODE)])
    return offences


if __name__ == "__main__":
    sys.exit(tree.report(check(tree.root_argument(__doc__).parse_args().root)))
