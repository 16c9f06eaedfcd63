#!/usr/bin/env python3
"""The reference runs of tests/golden, teacher-forced through /v1/completions, for every placement.

Bars (docs: "same tokens wherever it runs"): mean |log-probability difference| and top-1 agreement no
worse than llama.cpp's own beside the exact run, 5 % slack; placements agree with each other on at
least 99 % of the steps. MOTLEY_GOLDEN_PROMPTS: how many prompts of each model (default 3, 0: all).
MOTLEY_E2E_PLACEMENTS narrows the placements ("cpu0", "cpu0+ocl0@10").
"""

import json
import os

from service import ROOT, Service, model_file, run_checks

STEPS = 40
ALTERNATIVES = 20
SLACK = 1.05
TIE = 0.02  # a margin under this is no preference of the model's


def golden(name):
    with open(ROOT / "tests" / "golden" / f"{name}.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    wanted = int(os.environ.get("MOTLEY_GOLDEN_PROMPTS", "3"))
    prompts = lines[1:] if wanted == 0 else spread(lines[1:], wanted)
    return lines[0]["summary"], prompts


def spread(items, count):
    """`count` of the items, evenly over the list."""
    return [items[i * len(items) // count] for i in range(min(count, len(items)))]


def usable_devices(path):
    with Service(path, "--ctx", "256", "--devices", "cpu0") as daemon:
        devices = daemon.get("/v1/devices")[1]["devices"]
    return {d["id"] for d in devices if d["state"]["code"] == "ready"}


def placements(layers, ready):
    """(name, motleyd's arguments) of every placement that this machine has the devices for."""
    full = os.environ.get("MOTLEY_GOLDEN_PROMPTS") == "0"
    thirds = {"cpu0,ocl0": [1 / 3, 1 / 2, 2 / 3] if full else [1 / 3],
              "ocl0,cpu0": [1 / 3, 1 / 2, 2 / 3] if full else [1 / 2]}
    found = [("cpu0", ["--devices", "cpu0"]), ("ocl0", ["--devices", "ocl0"])]
    for devices, parts in thirds.items():
        for part in parts:
            cut = round(layers * part)
            split = f"0-{cut - 1},{cut}-{layers - 1}"
            found.append((f"{devices.replace(',', '+')}@{cut}", ["--devices", devices, "--split", split]))
    chosen = os.environ.get("MOTLEY_E2E_PLACEMENTS")
    return [(name, arguments) for name, arguments in found
            if set(arguments[1].split(",")) <= ready and (not chosen or name in chosen.split())]


def score_prompt(daemon, prompt):
    """Per step of the generation {token: log-probability}, likeliest first."""
    choice = daemon.complete(prompt=prompt["tokens"] + prompt["greedy"], echo=True, max_tokens=0,
                             logprobs=ALTERNATIVES, return_tokens_as_token_ids=True, temperature=0)
    steps = choice["logprobs"]["top_logprobs"][-STEPS:]
    return [{int(name.split(":")[1]): value for name, value in step.items()} for step in steps]


def compare(prompts, scores):
    """(top-1 agreement, mean |difference|, steps off whose margin is no tie)."""
    agree, wrong, differences = [], 0, []
    for prompt, steps in zip(prompts, scores):
        for i, ours in enumerate(steps):
            first = max(ours, key=ours.get)
            agree.append(first == prompt["greedy"][i])
            wrong += first != prompt["greedy"][i] and prompt["margins"][i] > TIE
            differences += [abs(ours[t] - logprob) for t, _, logprob in prompt["top"][i] if t in ours]
    return sum(agree) / len(agree), sum(differences) / len(differences), wrong


def firsts(scores):
    return [max(step, key=step.get) for steps in scores for step in steps]


def check_model(name):
    summary, prompts = golden(name)
    path = model_file(name)
    layers = {"smollm2-135m-q4_1": 30, "gemma-3-270m-q4_k_m": 18}[name]
    print(f"{name}: llama.cpp itself: top-1 {summary['llama_cpp_top1_agree']:.4f},"
          f" mean |dlogprob| {summary['llama_cpp_mean_abs_dlogprob']:.5f}")
    chosen, failures = {}, []
    for placement, arguments in placements(layers, usable_devices(path)):
        with Service(path, "--ctx", "2048", *arguments) as daemon:
            scores = [score_prompt(daemon, prompt) for prompt in prompts]
        top1, mean, wrong = compare(prompts, scores)
        chosen[placement] = firsts(scores)
        print(f"{name} {placement}: {len(chosen[placement])} steps, top-1 {top1:.4f},"
              f" mean |dlogprob| {mean:.5f}, sure steps off {wrong}", flush=True)
        if mean > SLACK * summary["llama_cpp_mean_abs_dlogprob"]:
            failures.append(f"{placement}: mean |dlogprob| {mean:.5f}")
        if top1 < summary["llama_cpp_top1_agree"] / SLACK:
            failures.append(f"{placement}: top-1 {top1:.4f}")
    assert chosen, "no device of these placements is ready"
    failures += disagreements(name, chosen)
    assert not failures, failures


def disagreements(name, chosen):
    """Placements whose likeliest tokens are equal on less than 99 % of the steps."""
    found = []
    names = list(chosen)
    for i, a in enumerate(names):
        for b in names[i + 1:]:
            same = sum(x == y for x, y in zip(chosen[a], chosen[b])) / len(chosen[a])
            print(f"{name} {a} and {b} agree on {same:.4f}")
            if same < 0.99:
                found.append(f"{a} and {b} agree on {same:.4f} only")
    return found


def smollm2_is_close_to_exact_wherever_it_runs():
    check_model("smollm2-135m-q4_1")


def gemma3_is_close_to_exact_wherever_it_runs():
    check_model("gemma-3-270m-q4_k_m")


if __name__ == "__main__":
    run_checks(smollm2_is_close_to_exact_wherever_it_runs, gemma3_is_close_to_exact_wherever_it_runs)
