#!/usr/bin/env python3
"""Each checker is shown a small sound tree and then one offence at a time: it must name the file and the line."""

import json
import os
import shutil
import tempfile
import unittest

import format_check
import include_check
import links_check
import scripts_check
import size_check
import tidy_check
import words_check

LAW = """| folder | one sentence | public headers | may include |
| --- | --- | --- | --- |
| base/ | words | all | base |
| kernels/ | arithmetic | op.h | base |
| engine/ | models | gguf/manifest.h | base, kernels |
| client/ | others | none | base |
| client/cli/ | the program | none | all |
| tests/ | proof | none | all |
"""
SOUND = {
    "docs/architecture.md": LAW,
    "docs/formats.md": "## motley.plan/1\n",
    "base/result.h": "#pragma once\n",
    "kernels/op.h": '#pragma once\n#include "base/result.h"\n',
    "kernels/inner.h": "#pragma once\n",
    "engine/gguf/manifest.h": '#pragma once\n#include "kernels/op.h"\n',
    "engine/gguf/reader.h": '#pragma once\n#include "engine/gguf/manifest.h"\n',
    "client/cli/main.cc": '#include "engine/gguf/manifest.h"\nint main() { return 0; }\n',
    "tests/kernels/inner_test.cc": '#include "kernels/inner.h"\n',
}


class Tree(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in SOUND.items():
            self.write(path, text)

    def write(self, path, text, mode=0o644):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write(text)
        os.chmod(full, mode)

    def expect(self, offences, *parts):
        self.assertEqual(len(offences), 1, offences)
        for part in parts:
            self.assertIn(part, offences[0])


class Includes(Tree):
    def test_sound_tree_passes(self):
        self.assertEqual(include_check.check(self.root), [])

    def test_folder_that_may_not_be_included(self):
        self.write("kernels/add.cc", '\n#include "engine/gguf/manifest.h"\n')
        self.expect(include_check.check(self.root), "kernels/add.cc:2", "may include base, not engine")

    def test_private_header_of_another_folder(self):
        self.write("engine/exec.cc", '#include "kernels/inner.h"\n')
        self.expect(include_check.check(self.root), "engine/exec.cc:1", "not a public header of kernels/")

    def test_longer_row_rules_its_folder_alone(self):
        self.write("client/client.cc", '#include "engine/gguf/manifest.h"\n')
        self.expect(include_check.check(self.root), "client/client.cc:1", "not engine")

    def test_vendor_header_outside_its_folder(self):
        self.write("engine/exec.cc", "#include <CL/cl.h>\n")
        self.expect(include_check.check(self.root), "engine/exec.cc:1", "backends/opencl/")

    def test_include_that_is_no_path_from_the_root(self):
        self.write("engine/gguf/reader.cc", '#include "reader.h"\n')
        self.expect(include_check.check(self.root), "engine/gguf/reader.cc:1", "no path from the root")

    def test_folder_without_a_row(self):
        self.write("extras/a.cc", "int a;\n")
        self.expect(include_check.check(self.root), "extras/a.cc", "no folder")

    def test_public_header_that_is_gone(self):
        os.remove(os.path.join(self.root, "engine/gguf/manifest.h"))
        self.assertTrue(any("called public" in o for o in include_check.check(self.root)))


class Sizes(Tree):
    def test_sound_tree_passes(self):
        self.assertEqual(size_check.check(self.root), [])

    def test_long_file(self):
        self.write("kernels/long.cc", "int a;\n" * 601)
        self.expect(size_check.check(self.root), "kernels/long.cc", "601")

    def test_long_header(self):
        self.write("kernels/long.h", "int a;\n" * 151)
        self.expect(size_check.check(self.root), "kernels/long.h", "151")

    def test_long_readme(self):
        self.write("README.md", "a\n" * 150)
        self.expect(size_check.check(self.root), "README.md", "150")

    def test_full_folder(self):
        for i in range(21):
            self.write(f"engine/many/{i}.cc", "int a;\n")
        self.expect(size_check.check(self.root), "engine/many/", "21")

    def test_long_functions_when_there_are_too_many(self):
        body = "  if (a) {\n    a = \"}\";\n  }\n" * 21
        self.write("engine/f.cc", f"int F(int a,\n      int b) {{\n{body}}}\n\nint G() {{ return 1; }}\n")
        offences = size_check.check(self.root)
        self.assertIn("1 of ", offences[0])
        self.assertIn("engine/f.cc:2: 65 lines", offences[1])

    def test_braces_in_text_do_not_count(self):
        self.assertEqual(size_check.functions(["int F() {", "  s = \"{{{\";  // {", "}", "int G() {", "}"]),
                         [(1, 3), (4, 2)])


class Words(Tree):
    def test_sound_tree_passes(self):
        self.assertEqual(words_check.check(self.root), [])

    def test_offences(self):
        for path, text in [("engine/a.cc", "// TODO later"), ("docs/a.md", "a placeholder for now"),
                           ("docs/b.md", "see .." "/shared/design"), ("scripts/x", "cd /" "root/motley"),
                           ("engine/b.cc", "#include <regex>"), ("engine/c.cc", "auto t = steady_clock::now();"),
                           ("engine/d.cc", "  assert(x);")]:
            with self.subTest(path):
                self.write(path, "\n" + text + "\n")
                self.expect(words_check.check(self.root), f"{path}:2")
                os.remove(os.path.join(self.root, path))

    def test_the_clock_itself_and_static_assert_pass(self):
        self.write("base/clock.cc", "auto t = steady_clock::now();\n")
        self.write("engine/a.cc", "static_assert(true);\nint daytime(nullptr_t);\n")
        self.assertEqual(words_check.check(self.root), [])


class Links(Tree):
    def test_links_that_lead_somewhere_pass(self):
        self.write("README.md", "[law](docs/architecture.md) [out](https://example.org) [here](#a-b)\n# A: b\n")
        self.assertEqual(links_check.check(self.root), [])

    def test_missing_page_and_missing_heading(self):
        self.write("docs/a.md", "[x](gone.md)\n[y](architecture.md#nowhere)\n")
        offences = links_check.check(self.root)
        self.assertEqual(len(offences), 2)
        self.assertIn("docs/a.md:1", offences[0])
        self.assertIn("docs/a.md:2", offences[1])


    def test_schema_that_no_page_documents(self):
        self.write("engine/a.cc", 'json a{{"schema", "motley.plan/1"}};\njson b{{"schema", "motley.plot/1"}};\n')
        self.expect(links_check.check(self.root), "engine/a.cc:2", "motley.plot/1")


class Scripts(Tree):
    def test_sound_script_passes(self):
        self.write("scripts/a", '#!/bin/bash\n[ "$1" = --help ] && echo "usage: a"\n', 0o755)
        self.write("scripts/common.sh", "x() { :; }\n")
        self.assertEqual(scripts_check.check(self.root), [])

    def test_offences(self):
        for text, mode, why in [("#!/bin/bash\nif\n", 0o755, "syntax"), ("#!/bin/bash\nexit 3\n", 0o755, "exits with 3"),
                                ("#!/bin/bash\necho usage\n", 0o644, "not executable")]:
            with self.subTest(why):
                self.write("scripts/a", text, mode)
                self.expect(scripts_check.check(self.root), "scripts/a", why)


@unittest.skipUnless(shutil.which("clang-format"), "no clang-format")
class Format(Tree):
    def test_one_line_that_clang_format_would_change(self):
        self.assertEqual(format_check.check(self.root), [])
        self.write("engine/a.cc", "int  a ;\n")
        self.expect(format_check.check(self.root), "engine/a.cc")


@unittest.skipUnless(shutil.which("clang-tidy"), "no clang-tidy")
class Tidy(Tree):
    def test_use_after_move_is_found_and_sound_code_passes(self):
        here = os.path.dirname(os.path.abspath(__file__))
        shutil.copy(os.path.join(here, "../../.clang-tidy"), self.root)
        self.write("engine/a.cc", "int Sound(int a) { return a; }\n")
        self.write("build/compile_commands.json", json.dumps(
            [{"directory": self.root, "file": f"{self.root}/engine/a.cc", "command": "g++ -std=c++20 -c engine/a.cc"}]))
        self.assertEqual(tidy_check.check(self.root, f"{self.root}/build"), [])
        self.write("engine/a.cc", "int* Wrong() { return 0; }\n")
        self.expect(tidy_check.check(self.root, f"{self.root}/build"), "engine/a.cc:1", "modernize-use-nullptr")

    def test_a_commit_is_always_checked_in_the_same_part(self):
        paths = [f"engine/{i}.cc" for i in range(100)]
        chosen = tidy_check.choose(paths, self.root)
        self.assertEqual(chosen, tidy_check.choose(list(reversed(paths)), self.root))
        self.assertLess(len(chosen), 20)


if __name__ == "__main__":
    unittest.main()
