#!/usr/bin/env python3
"""The commands that need no service: tokenize, detokenize, template, models check."""

import json
import os
import random
import subprocess
import tempfile

from service import ROOT, model_file, program, run_checks

EVERY = 1 if os.environ.get("MOTLEY_GOLDEN_PROMPTS") == "0" else 12  # of the golden texts
NAMES = {"smollm2": "smollm2-135m-q4_1", "gemma3": "gemma-3-270m-q4_k_m"}


def motley(*arguments, text="", status=0):
    done = subprocess.run([program("motley"), *arguments], input=text.encode(), capture_output=True, timeout=120,
                          check=False)
    assert done.returncode == status, f"motley {arguments}: {done.returncode} {done.stdout} {done.stderr}"
    return done.stdout.decode()


def tokens(model, text, *options):
    return json.loads(motley("tokenize", model, "--json", *options, text=text))["tokens"]


def texts_become_the_reference_tokens():
    for short, name in NAMES.items():
        with open(ROOT / "tests" / "golden" / f"tokenizer-{short}.jsonl", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        model = model_file(name)
        for line in lines[::EVERY]:
            got = tokens(model, line["text"], "--no-special")
            assert got == line["tokens"], f"{short}: {line['text']!r}: {got}, wanted {line['tokens']}"
        print(f"{short}: {len(lines[::EVERY])} texts")


def random_texts_come_back():
    chance = random.Random(7)
    alphabet = "abc XYZ 019\n\t.,!?'\"<>|_-äßñ漢字かな🙂é\u0301\u200d"
    model = model_file()
    for _ in range(10):
        text = "".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 200)))
        ids = tokens(model, text, "--no-special")
        back = motley("detokenize", model, text=" ".join(map(str, ids)))
        assert back.removesuffix("\n") == text.removesuffix("\n"), f"{text!r} became {back!r}"


def special_tokens_are_parsed_unless_told():
    model = model_file()
    assert tokens(model, "<|im_start|>") == [1]
    assert len(tokens(model, "<|im_start|>", "--no-special")) > 1


def the_models_template_renders():
    body = {"messages": [{"role": "user", "content": "Hello <|im_end|>"}]}
    text = motley("template", model_file(), text=json.dumps(body))
    assert text.rstrip("\n").endswith("<|im_start|>user\nHello <|im_end|><|im_end|>\n<|im_start|>assistant"), text
    short = motley("template", model_file(), "--no-generation-prompt", text=json.dumps(body))
    assert "assistant\n" not in short[-12:], short


def a_template_file_renders_with_any_variables():
    with tempfile.NamedTemporaryFile("w", suffix=".jinja") as file:
        file.write("{% for m in messages %}[{{ m.role }}]{{ m.content | upper }}{% endfor %}{{ extra }}")
        file.flush()
        body = {"messages": [{"role": "user", "content": "hi"}], "extra": 7}
        assert motley("template", file.name, text=json.dumps(body)).rstrip("\n") == "[user]HI7"


def good_files_pass_and_bad_ones_are_explained():
    for name in NAMES.values():
        assert json.loads(motley("models", "check", model_file(name), "--json"))["alignment"] == 32
    with open(model_file(), "rb") as file:
        whole = bytearray(file.read())
    bad = {"empty": b"", "no magic": b"GGUX" + whole[4:4096], "header alone": whole[:24], "cut": whole[:1 << 20],
           "version 77": whole[:4] + b"\x4d\0\0\0" + whole[8:4096],
           "count of 2^63": whole[:8] + b"\0" * 7 + b"\x80" + whole[16:4096], "text": b"hello world\n" * 100}
    for name, data in bad.items():
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            file.write(data)
            file.flush()
            error = json.loads(motley("models", "check", file.name, "--json", status=1))["error"]
        assert {"code", "message"} <= set(error) and error["message"], f"{name}: {error}"


if __name__ == "__main__":
    run_checks(texts_become_the_reference_tokens, random_texts_come_back, special_tokens_are_parsed_unless_told,
               the_models_template_renders, a_template_file_renders_with_any_variables,
               good_files_pass_and_bad_ones_are_explained)
