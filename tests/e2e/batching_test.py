#!/usr/bin/env python3
"""A request gets the same tokens alone and among fifteen others, whatever their lengths."""

import concurrent.futures

from service import Service, load, model_file, run_checks, token_ids

LENGTHS = [5, 700, 9, 64, 33, 512, 7, 120, 300, 6, 511, 31, 32, 513, 48, 200]
TOKENS = 24


def prompt(index):
    """Ids of ordinary words, another sequence for every request."""
    return [1000 + (index * 7919 + i * 104729) % 40000 for i in range(LENGTHS[index])]


def fields(index, sampling):
    chosen = {"temperature": 0} if sampling == "greedy" else {
        "temperature": 0.9, "top_p": 0.95, "top_k": 50, "seed": 100 + index}
    return {"prompt": prompt(index), "max_tokens": TOKENS, "ignore_eos": True, "return_token_ids": True, **chosen}


def answer(daemon, index, sampling):
    """Token ids and text; odd requests are streamed."""
    if index % 2 == 0:
        choice = daemon.complete(**fields(index, sampling))
        return choice["token_ids"], choice["text"]
    events = list(daemon.stream(**fields(index, sampling)))
    assert events[-1] == "[DONE]", events[-1]
    text = "".join(c["text"] for e in events[:-1] for c in e["choices"])
    return token_ids(events), text


def compare(sampling, *arguments):
    with Service(model_file(), "--ctx", "2048", *arguments) as daemon:
        alone = [answer(daemon, i, sampling) for i in range(len(LENGTHS))]
        with concurrent.futures.ThreadPoolExecutor(len(LENGTHS)) as pool:
            together = list(pool.map(lambda i: answer(daemon, i, sampling), range(len(LENGTHS))))
        assert daemon.wait_idle(2) < 2
        blocks = daemon.status()
    for i, (ids, _) in enumerate(alone):
        assert len(ids) == TOKENS, f"request {i} got {len(ids)} tokens"
    different = [f"request {i} of {LENGTHS[i]} tokens: alone {alone[i]}, together {together[i]}"
                 for i in range(len(LENGTHS)) if alone[i] != together[i]]
    assert not different, different
    assert blocks["kv_blocks"] == blocks["kv_blocks_free"], f"KV blocks are left over: {blocks}"
    print(f"16 requests of 5 to 700 tokens, {sampling}: all as alone ({load()})")


def greedy_tokens_are_those_of_the_request_alone():
    compare("greedy", "--devices", "cpu0")


def seeded_sampling_is_that_of_the_request_alone():
    compare("seeded", "--devices", "cpu0")


if __name__ == "__main__":
    run_checks(greedy_tokens_are_those_of_the_request_alone, seeded_sampling_is_that_of_the_request_alone)
