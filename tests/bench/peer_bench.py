#!/usr/bin/env python3
"""Motley beside llama.cpp on the same files and the same two threads, turn about.

    tests/bench/peer_bench.py [--quick] [--alternations 5] [--models smollm2,gemma3] [--threads 2] [-o md|json]

Builds llama.cpp once (peer_build.py), fetches the demo models, then runs A B A B: motley bench, llama-bench
and llama-batched-bench. Rows: pp512, tg128 and b16 (16 streams of 64 tokens in, 64 out: all tokens by the
wall time). Medians over the turns; the ratio is Motley's median by llama.cpp's.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from peer_build import ROOT, built_peer, say

TESTS = ("pp512", "tg128", "b16")


def run(command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} ended with {done.returncode}: {done.stderr[-800:]}")
    return done.stdout


def model_path(name):
    folder = os.environ.get("MOTLEY_MODELS")
    if folder:
        pattern = {"smollm2": "SmolLM2*.gguf", "gemma3": "gemma-3*.gguf"}[name]
        for path in pathlib.Path(folder).glob(pattern):
            return path
    return pathlib.Path(run([ROOT / "scripts" / "models", name]).strip().splitlines()[-1])


class Motley:
    name = "motley"

    def __init__(self, options, state):
        self.program = pathlib.Path(os.environ.get("MOTLEY_BIN", ROOT / "build" / "bin")) / "motley"
        if not self.program.exists():
            sys.exit(f"error: {self.program} is not built: scripts/build")
        self.options, self.environment = options, {**os.environ, "MOTLEY_STATE": state}

    def measure(self, model):
        text = run([self.program, "bench", model, "-p", 512, "-n", 128, "-b", 16, "-r", 1,
                    "-t", self.options.threads, "--devices", self.options.devices, "-o", "json"], env=self.environment)
        return {row["test"]: row["tokens_per_s"] for row in json.loads(text)["rows"]}


class LlamaCpp:
    name = "llama.cpp"

    def __init__(self, options, programs):
        self.options, self.programs = options, programs

    def measure(self, model):
        threads = self.options.threads
        rows = json.loads(run([self.programs / "llama-bench", "-m", model, "-p", 512, "-n", 128, "-r", 1,
                               "-t", threads, "-o", "json"]))
        out = {("pp512" if row["n_prompt"] else "tg128"): row["avg_ts"] for row in rows}
        text = run([self.programs / "llama-batched-bench", "-m", model, "-c", 4096, "-npp", 64, "-ntg", 64,
                    "-npl", 16, "-t", threads, "-tb", threads, "--output-format", "jsonl"])
        last = json.loads([line for line in text.splitlines() if line.startswith("{")][-1])
        out["b16"] = last["n_kv"] / last["t"]
        return out


def alternate(sides, model, turns):
    """{side: {test: [tokens per second, one a turn]}} and the loads seen."""
    values = {side.name: {test: [] for test in TESTS} for side in sides}
    loads = []
    for turn in range(turns):
        for side in sides if turn % 2 == 0 else sides[::-1]:
            loads.append(os.getloadavg()[0])
            for test, value in side.measure(model).items():
                values[side.name][test].append(value)
            say(f"{pathlib.Path(model).name}: turn {turn + 1} of {turns}, {side.name}: "
                + ", ".join(f"{test} {values[side.name][test][-1]:.1f}" for test in TESTS))
    return values, loads


def row_of(model, test, values):
    ours, theirs = values["motley"][test], values["llama.cpp"][test]
    median, peer = statistics.median(ours), statistics.median(theirs)
    return {"model": model, "test": test, "motley": median, "motley_runs": ours, "llama_cpp": peer,
            "llama_cpp_runs": theirs, "ratio": median / peer}


def spread(runs):
    return f"{statistics.median(runs):.1f} ({min(runs):.1f} to {max(runs):.1f})"


def print_table(rows):
    print("| model | test | motley tok/s | llama.cpp tok/s | ratio |\n| --- | --- | ---: | ---: | ---: |")
    for row in rows:
        print(f"| {row['model']} | {row['test']} | {spread(row['motley_runs'])} | {spread(row['llama_cpp_runs'])}"
              f" | {row['ratio']:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two turns, the first model")
    parser.add_argument("--alternations", type=int, default=5)
    parser.add_argument("--models", default="smollm2,gemma3")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--devices", default="cpu0", help="Motley's devices")
    parser.add_argument("-o", "--output", choices=("md", "json"), default="md")
    options = parser.parse_args()
    names = options.models.split(",")[:1 if options.quick else None]
    turns = 2 if options.quick else options.alternations
    paths = {name: model_path(name) for name in names}
    programs, note = built_peer(paths[names[0]])
    rows, loads = [], []
    with tempfile.TemporaryDirectory() as state:
        sides = [Motley(options, state), LlamaCpp(options, programs)]
        for name, path in paths.items():
            sides[0].measure(path)  # measures the devices, and warms the file's pages
            values, seen = alternate(sides, path, turns)
            loads += seen
            rows += [row_of(name, test, values) for test in TESTS]
    if options.output == "json":
        print(json.dumps({"rows": rows, "threads": options.threads, "peer_build": note, "loads": loads}))
    else:
        print_table(rows)
        print(f"\n{turns} turns each, {options.threads} threads; llama.cpp (llama-cpp-python 0.3.36 source): {note}."
              f"\nLoad before each run: {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
