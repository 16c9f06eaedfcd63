#!/usr/bin/env python3
"""Predicted beside measured: step times, whole requests, and what the chosen plan loses against the best measured one.

    tests/bench/predict_bench.py [--models smollm2,gemma3] [--devices cpu0,ocl0] [--quick] [-o md|json]

Each placement (every device alone, and two forced splits of the first two) serves a load of 1 to 16 streams with
contexts of 128 to 2048 tokens, until it has seen 200 steps; then the same load again, which is what is judged: the
service predicts every step before it runs (GET /v1/status, "prediction"). It is started again, so that its plan knows what
the steps taught, and one request alone is held to the plan. Regret: the measured time of that request on the placement that
the plans call the fastest, over the best measured one. Wants an idle machine; prints its load.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from service import Service, load  # noqa: E402

PATTERNS = {"smollm2": "SmolLM2*.gguf", "gemma3": "gemma-3*.gguf"}
# (streams, tokens of context, generated)
LOADS = [(1, 128, 48), (4, 128, 32), (16, 128, 32), (1, 512, 48), (8, 256, 24), (1, 2000, 32), (2, 1024, 24)]
PROMPT, OUTPUT, REPEATS = 512, 128, 3
WARM_STEPS = 200


def model_path(name):
    folder = pathlib.Path(os.environ.get("MOTLEY_MODELS", pathlib.Path.home() / ".cache" / "motley" / "models"))
    found = sorted(folder.glob(PATTERNS[name]))
    if not found:
        sys.exit(f"error: no {PATTERNS[name]} in {folder}: scripts/models fetches it, or set MOTLEY_MODELS")
    return found[0]


def layers_of(service):
    return service.get("/v1/status")[1]["models"][0]["layers"]


def prompt(tokens, salt):
    return [(salt * 131 + i * 7) % 1000 + 300 for i in range(tokens)]


def complete(service, tokens, count, salt):
    begin = time.monotonic()
    status, answer = service.post("/v1/completions", {
        "prompt": prompt(tokens, salt), "max_tokens": count, "min_tokens": count, "temperature": 0})
    if status != 200:
        raise AssertionError(answer)
    return time.monotonic() - begin


def serve_loads(service, loads, salt):
    for streams, context, generated in loads:
        with concurrent.futures.ThreadPoolExecutor(streams) as pool:
            list(pool.map(lambda i: complete(service, context, generated, salt + i), range(streams)))


def prediction(service):
    model = service.get("/v1/status")[1]["models"][0]
    return {"steps": model["prediction"].get("steps", 0), "whole": model["prediction"],
            "stages": {s["device"]: s["prediction"] for s in model["stages"]}}


def placements(devices, layers):
    for device in devices:
        yield [device], None
    if len(devices) > 1:
        for cut in (layers // 2, layers // 3):
            yield devices[:2], f"0-{cut - 1},{cut}-{layers - 1}"


def arguments(devices, split, objective=()):
    return ["--devices", ",".join(devices), *(["--split", split] if split else []), "--ctx", "2304", *objective]


def measure(model, devices, split, state, loads):
    row = {"placement": f"{'+'.join(devices)} {split or ''}".strip()}
    environment = {"MOTLEY_STATE": state}
    with Service(str(model), *arguments(devices, split), env=environment) as service:
        serve_loads(service, loads[:1], 1)
        row["profile_error"] = prediction(service)["whole"]["profile_error"]
        rounds = 0
        while prediction(service)["steps"] < WARM_STEPS or rounds == 0:
            serve_loads(service, loads, 100 * rounds)
            rounds += 1
        serve_loads(service, loads, 5000)
        row["steps"] = prediction(service)
    with Service(str(model), *arguments(devices, split), env=environment) as service:
        predicted = service.get("/v1/plan")[1]["predicted"]
        complete(service, PROMPT, 8, 1)
        times = [complete(service, PROMPT, OUTPUT, 7 + i) for i in range(REPEATS)]
    row["predicted_s"] = predicted["ttft_s"] + (OUTPUT - 1) * predicted["itl_s"]
    row["measured_s"] = statistics.median(times)
    row["error"] = abs(row["predicted_s"] / row["measured_s"] - 1)
    return row


def regret(rows):
    chosen = min(rows, key=lambda row: row["predicted_s"])
    return chosen["measured_s"] / min(row["measured_s"] for row in rows) - 1


def head(model):
    print(f"\n{model}: {load()}\n")
    print("| placement | steps | median error | p95 error | profile alone | request predicted s | measured s | error |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)


def show(row):
    whole = row["steps"]["whole"]
    print(f"| {row['placement']} | {whole['steps']} | {whole['median_error']:.1%} | {whole['p95_error']:.1%} | "
          f"{whole['profile_error']:.1%} | {row['predicted_s']:.3f} | {row['measured_s']:.3f} | {row['error']:.1%} |",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="smollm2,gemma3")
    parser.add_argument("--devices", default="cpu0,ocl0")
    parser.add_argument("--quick", action="store_true", help="fewer loads")
    parser.add_argument("-o", choices=("md", "json"), default="md")
    options = parser.parse_args()
    os.environ.setdefault("MOTLEY_BIN", str(ROOT / "build" / "bin"))
    loads = LOADS[:4] if options.quick else LOADS
    devices = options.devices.split(",")
    out = {}
    with tempfile.TemporaryDirectory(prefix="motley-predict-") as state:
        for name in options.models.split(","):
            model = model_path(name)
            with Service(str(model), *arguments(devices[:1], None), env={"MOTLEY_STATE": state}) as service:
                layers = layers_of(service)
            if options.o == "md":
                head(model.name)
            rows = out[name] = []
            for where in placements(devices, layers):
                rows.append(measure(model, *where, state, loads))
                if options.o == "md":
                    show(rows[-1])
            if options.o == "md":
                print(f"\nregret of the placement with the least predicted time: {regret(rows):.1%}", flush=True)
    if options.o == "json":
        print(json.dumps(out))


if __name__ == "__main__":
    main()
