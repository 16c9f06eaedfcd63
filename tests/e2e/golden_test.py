#!/usr/bin/env python3
"""The reference runs of tests/golden, teacher-forced through /v1/completions, for every placement.

Bars: as close to exact as llama.cpp's own quantised run on the same prompts, 5 % slack, in both
  mean |dlogprob|  of the tokens that are there, prompt and the 40 greedy ones (so is llama.cpp's)
  top-1            the likeliest token at the 40 steps
and placements agree with each other in top-1 on at least AGREEMENT of the steps.
MOTLEY_GOLDEN_PROMPTS=0 runs all prompts; default 6 of each model, where chance has more to say and
the slack is 25 %. MOTLEY_E2E_PLACEMENTS narrows the placements ("cpu0 cpu0+ocl0@10").
"""

import json
import os

from service import ROOT, Service, model_file, run_checks

STEPS = 40
AGREEMENT = 0.99  # between placements; devices that fuse products have equal bits and so agree on all
WHOLE_SLACK, SAMPLE_SLACK = 1.05, 1.25
SAMPLE_TOKENS = 400  # no longer prompts in a sample
TIE = 0.02  # a margin under this is no preference of the model's


def whole():
    return os.environ.get("MOTLEY_GOLDEN_PROMPTS") == "0"


def golden(name):
    with open(ROOT / "tests" / "golden" / f"{name}.jsonl", encoding="utf-8") as file:
        prompts = [json.loads(line) for line in file][1:]
    if whole():
        return prompts
    short = [p for p in prompts if len(p["tokens"]) <= SAMPLE_TOKENS]
    wanted = int(os.environ.get("MOTLEY_GOLDEN_PROMPTS", "6"))
    return [short[i * len(short) // wanted] for i in range(min(wanted, len(short)))]


def usable_devices(path):
    with Service(path, "--ctx", "256", "--devices", "cpu0") as daemon:
        devices = daemon.get("/v1/devices")[1]["devices"]
    return {d["id"] for d in devices if d["state"]["code"] == "ready"}


def placements(layers, ready):
    """(name, motleyd's arguments) of every placement that this machine has the devices for."""
    thirds = {"cpu0,ocl0": [1 / 3, 1 / 2, 2 / 3] if whole() else [1 / 3],
              "ocl0,cpu0": [1 / 3, 1 / 2, 2 / 3] if whole() else [1 / 2]}
    found = [("cpu0", ["--devices", "cpu0"]), ("ocl0", ["--devices", "ocl0"])]
    for devices, parts in thirds.items():
        for part in parts:
            cut = round(layers * part)
            split = f"0-{cut - 1},{cut}-{layers - 1}"
            found.append((f"{devices.replace(',', '+')}@{cut}", ["--devices", devices, "--split", split]))
    chosen = os.environ.get("MOTLEY_E2E_PLACEMENTS")
    return [(name, arguments) for name, arguments in found
            if set(arguments[1].split(",")) <= ready and (not chosen or name in chosen.split())]


class Score:
    """How far from exact: ours, or llama.cpp's as the golden file has it."""

    def __init__(self):
        self.tokens = self.steps = self.agree = self.sure_wrong = 0
        self.distance = 0.0
        self.firsts = []

    def add(self, prompt, logprobs):
        """`logprobs` of /v1/completions for the prompt and its greedy continuation."""
        exact = prompt["prompt_logprobs"][1:] + [top[0][2] for top in prompt["top"]]
        ours = logprobs["token_logprobs"][1:]
        assert len(ours) == len(exact), f"{len(ours)} scores for {len(exact)} tokens"
        self.tokens += len(exact)
        self.distance += sum(abs(a - b) for a, b in zip(ours, exact))
        for i, top in enumerate(logprobs["top_logprobs"][-STEPS:]):
            first = int(max(top, key=top.get).split(":")[1])
            self.firsts.append(first)
            self.agree += first == prompt["greedy"][i]
            self.sure_wrong += first != prompt["greedy"][i] and prompt["margins"][i] > TIE
        self.steps += STEPS

    def add_peer(self, prompt):
        peer, length = prompt["llama_cpp_quantised"], len(prompt["tokens"]) - 1
        self.tokens += length + STEPS
        self.distance += peer["mean_abs_dlogprob_prompt"] * length + peer["mean_abs_dlogprob_greedy"] * STEPS
        self.agree += peer["top1_agree"] * STEPS
        self.steps += STEPS

    def mean(self):
        return self.distance / self.tokens

    def top1(self):
        return self.agree / self.steps

    def __str__(self):
        return f"top-1 {self.top1():.4f} of {self.steps}, mean |dlogprob| {self.mean():.5f} of {self.tokens}"


def measure(path, arguments, prompts):
    score = Score()
    with Service(path, "--ctx", "2048", *arguments) as daemon:
        for prompt in prompts:
            choice = daemon.complete(prompt=prompt["tokens"] + prompt["greedy"], echo=True, max_tokens=0,
                                     logprobs=10, return_tokens_as_token_ids=True, temperature=0)
            score.add(prompt, choice["logprobs"])
    return score


def check_model(name, layers):
    prompts = golden(name)
    path = model_file(name)
    peer = Score()
    for prompt in prompts:
        peer.add_peer(prompt)
    print(f"{name} llama.cpp: {peer}")
    slack = WHOLE_SLACK if whole() else SAMPLE_SLACK
    scores, failures = {}, []
    for placement, arguments in placements(layers, usable_devices(path)):
        score = scores[placement] = measure(path, arguments, prompts)
        print(f"{name} {placement}: {score}, off where the choice is sure {score.sure_wrong}", flush=True)
        if score.mean() > slack * peer.mean() or score.top1() < peer.top1() / slack:
            failures.append(f"{placement}: {score}")
    assert scores, "no device of these placements is ready"
    failures += disagreements(name, {placement: score.firsts for placement, score in scores.items()})
    assert not failures, failures


def disagreements(name, chosen):
    """Placements whose likeliest tokens are equal on less than AGREEMENT of the steps."""
    found = []
    names = list(chosen)
    for i, a in enumerate(names):
        for b in names[i + 1:]:
            same = sum(x == y for x, y in zip(chosen[a], chosen[b])) / len(chosen[a])
            print(f"{name} {a} and {b} agree on {same:.4f}")
            if same < AGREEMENT:
                found.append(f"{a} and {b} agree on {same:.4f} only")
    return found


def smollm2_is_close_to_exact_wherever_it_runs():
    check_model("smollm2-135m-q4_1", 30)


def gemma3_is_close_to_exact_wherever_it_runs():
    check_model("gemma-3-270m-q4_k_m", 18)


if __name__ == "__main__":
    run_checks(smollm2_is_close_to_exact_wherever_it_runs, gemma3_is_close_to_exact_wherever_it_runs)
