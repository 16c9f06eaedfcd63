#!/usr/bin/env python3
"""Motley's HTTP door as the official openai client and a rude one see it.

    openai_client_test.py --base-url http://127.0.0.1:6685/v1 --model NAME

Needs `pip install openai`. Prints one line per claim that fails and at the end "N passed, N failed".
"""

import argparse
import concurrent.futures
import http.client
import json
import sys
import time
import traceback

try:
    import openai
except ImportError:
    sys.exit("openai_client_test.py needs the openai package: pip install openai")

from openai_door import MESSAGES, Door, refused, same

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


@check
def models_are_listed_with_their_context(door):
    models = door.client.models.list()
    assert door.model in [m.id for m in models.data]
    assert door.context > 0 and models.data[0].owned_by and models.data[0].created > 0
    same(door.get("/health")[0], 200, "/health")
    same(door.get("/ready")[0], 200, "/ready")
    same(json.loads(door.get("/version")[1])["name"], "motley", "/version")


@check
def chat_answers_with_usage_and_timings(door):
    answer = door.chat()
    choice = answer.choices[0]
    assert answer.id.startswith("chatcmpl-") and answer.object == "chat.completion"
    assert choice.message.role == "assistant" and isinstance(choice.message.content, str)
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage.prompt_tokens > 0 and 0 < answer.usage.completion_tokens <= 8
    same(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens, "total")
    assert answer.timings["predicted_n"] > 0 and answer.plan_id and answer.stages[0]["device"]


@check
def a_stream_gives_the_same_text(door):
    whole = door.chat(max_tokens=24).choices[0].message.content
    chunks = list(door.chat(max_tokens=24, stream=True, stream_options={"include_usage": True}))
    same(chunks[0].choices[0].delta.role, "assistant", "first delta")
    same(chunks[0].choices[0].delta.content, "", "first content")
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    same(text, whole, "streamed text")
    finishes = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert finishes[-1] in ("stop", "length") and set(finishes[:-1]) == {None}
    same(chunks[-1].choices, [], "choices of the usage chunk")
    assert chunks[-1].usage.completion_tokens > 0 and all(c.usage is None for c in chunks[:-1])
    assert all(c.usage is None for c in door.chat(stream=True)), "no usage unless asked for"


@check
def max_tokens_end_with_length(door):
    for name in ("max_tokens", "max_completion_tokens"):
        body = {"messages": MESSAGES, name: 3, "temperature": 0, "ignore_eos": True}
        status, _, answer = door.post("/chat/completions", body)
        same(status, 200, name)
        same(answer["choices"][0]["finish_reason"], "length", name)
        same(answer["usage"]["completion_tokens"], 3, name)


@check
def a_stop_string_ends_the_text_and_is_not_in_it(door):
    whole = door.chat(max_tokens=24).choices[0].message.content
    assert len(whole) > 4, f"the model says too little for this: {whole!r}"
    stop = whole[3:5]
    answer = door.chat(max_tokens=24, stop=["never said", stop]).choices[0]
    same(answer.message.content, whole[:whole.index(stop)], "text before the stop string")
    same(answer.finish_reason, "stop", "finish reason")
    streamed = door.chat(max_tokens=24, stop=stop, stream=True)
    same("".join(c.choices[0].delta.content or "" for c in streamed), answer.message.content, "streamed")


@check
def a_seed_repeats_and_choices_differ_by_it(door):
    wild = {"temperature": 1.5, "max_tokens": 16, "seed": 11}
    first, again = door.chat(**wild), door.chat(**wild)
    same(again.choices[0].message.content, first.choices[0].message.content, "same seed")
    three = door.chat(n=3, **wild)
    same([c.index for c in three.choices], [0, 1, 2], "indices")
    same(three.choices[0].message.content, first.choices[0].message.content, "choice 0 uses the seed")
    same(three.choices[1].message.content,
         door.chat(**{**wild, "seed": 12}).choices[0].message.content, "choice 1 uses seed + 1")
    same(three.usage.prompt_tokens, first.usage.prompt_tokens, "the prompt counts once")


@check
def chat_logprobs_have_openais_shape(door):
    answer = door.chat(logprobs=True, top_logprobs=3, max_tokens=4).choices[0]
    entries = answer.logprobs.content
    assert 0 < len(entries) <= 4
    for entry in entries:
        assert entry.logprob <= 0 and len(entry.top_logprobs) == 3 and isinstance(entry.token, str)
        assert bytes(entry.bytes).decode(errors="replace") == entry.token
        same([t.logprob for t in entry.top_logprobs],
             sorted((t.logprob for t in entry.top_logprobs), reverse=True), "best first")
    assert door.chat(max_tokens=1).choices[0].logprobs is None
    chunks = list(door.chat(logprobs=True, top_logprobs=1, max_tokens=4, stream=True))
    streamed = [e for c in chunks if c.choices and c.choices[0].logprobs for e in c.choices[0].logprobs.content]
    same([e.token for e in streamed], [e.token for e in entries], "streamed tokens")


@check
def a_logit_bias_forces_a_token(door):
    status, _, answer = door.post("/completions", {
        "prompt": "a", "max_tokens": 5, "temperature": 0, "ignore_eos": True, "logit_bias": {"42": 100},
        "return_token_ids": True, "logprobs": 0, "return_tokens_as_token_ids": True})
    same(status, 200, "status")
    same(answer["choices"][0]["token_ids"], [42] * 5, "token ids")
    same(answer["choices"][0]["logprobs"]["tokens"], ["token_id:42"] * 5, "names")


@check
def content_parts_and_roles_are_understood(door):
    parts = [{"type": "text", "text": "Count from"}, {"type": "text", "text": "one to ten."}]
    joined = door.chat(messages=[{"role": "user", "content": "Count from\none to ten."}])
    same(door.chat(messages=[{"role": "user", "content": parts}]).choices[0].message.content,
         joined.choices[0].message.content, "parts")
    image = [{"type": "image_url", "image_url": {"url": "http://localhost/x.png"}}]
    refused(door, "/chat/completions", {"messages": [{"role": "user", "content": image}]}, "messages[0]")
    door.chat(messages=[{"role": "developer", "content": "Be brief."}, *MESSAGES])
    refused(door, "/chat/completions", {"messages": [{"role": "emperor", "content": "x"}]}, "messages[0]")
    refused(door, "/chat/completions", {"messages": []}, "messages")
    refused(door, "/chat/completions", {"messages": "hello"}, "messages")
    refused(door, "/chat/completions", {}, "messages")


@check
def completions_take_lists_and_ids(door):
    two = door.complete(prompt=["One two three", "A B C"])
    same([c.index for c in two.choices], [0, 1], "indices")
    same(two.choices[0].text, door.complete().choices[0].text, "first of two")
    _, _, tokens = door.post("/completions", {"prompt": "One two three", "max_tokens": 1,
                                              "return_token_ids": True})
    ids = tokens["choices"][0]["prompt_token_ids"]
    same(door.complete(prompt=ids).choices[0].text, two.choices[0].text, "ids instead of text")
    same(door.complete(prompt=[ids, ids]).choices[1].text, two.choices[0].text, "a list of ids")


@check
def echo_with_logprobs_scores_a_prompt(door):
    status, _, answer = door.post("/completions", {"prompt": "One two three", "echo": True, "logprobs": 1,
                                                   "max_tokens": 0, "return_token_ids": True})
    same(status, 200, "status")
    choice = answer["choices"][0]
    same(choice["text"], "One two three", "text")
    lists = [choice["logprobs"][k] for k in ("tokens", "token_logprobs", "top_logprobs", "text_offset")]
    same({len(x) for x in lists}, {len(choice["prompt_token_ids"])}, "one entry per prompt token")
    assert lists[1][0] is None and lists[2][0] is None, "nothing comes before the first token"
    assert all(x <= 0 for x in lists[1][1:]) and all(len(x) >= 1 for x in lists[2][1:])
    echoed = door.complete(echo=True).choices[0].text
    same(echoed, "One two three" + door.complete().choices[0].text, "echo and answer")


@check
def sixteen_at_once_get_their_own_answers(door):
    def one(i):
        return door.complete(prompt=f"Item {i}:", max_tokens=12).choices[0].text

    alone = [one(i) for i in range(4)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        together = list(pool.map(one, range(16)))
    same(together[:4], alone, "texts alone and in company")


@check
def a_wrong_model_is_not_found_and_the_nearest_is_named(door):
    error = refused(door, "/chat/completions", {"model": door.model + "x", "messages": MESSAGES}, "model",
                    404, "model_not_found")
    assert door.model in error["message"]
    try:
        door.chat(model="gpt-9")
        raise AssertionError("gpt-9 was served")
    except openai.NotFoundError as e:
        same(e.code, "model_not_found", "code")
    same(door.post("/chat/completions", {"messages": MESSAGES, "max_tokens": 1})[0], 200, "no model named")


@check
def a_prompt_over_the_context_is_refused_with_both_numbers(door):
    ids = [5] * (door.context + 7)
    error = refused(door, "/completions", {"prompt": ids}, "prompt", 400, "context_length_exceeded")
    assert str(door.context) in error["message"] and str(len(ids)) in error["message"]
    long = [{"role": "user", "content": "word " * (door.context * 2)}]
    refused(door, "/chat/completions", {"messages": long}, "messages", 400, "context_length_exceeded")


def bad_values(door):
    """(field, values out of its range or of the wrong type), for both endpoints unless said."""
    wrong_types = ["x", [], {}, True]
    huge = [10**19, 1e300]
    both = {
        "temperature": [-1, -0.001, 2.001, *huge], "top_p": [-1, -0.001, 1.001, *huge],
        "min_p": [-1, 1.001, *huge], "top_k": [-2, 1.5, *huge],
        "repetition_penalty": [-1, 0, 11, *huge], "repeat_penalty": [-1, 0, 11, *huge],
        "presence_penalty": [-2.001, 2.001, *huge], "frequency_penalty": [-2.001, 2.001, *huge],
        "seed": [2**63, -(2**63) - 1, 1.5, 1e300], "n": [-1, 0, 17, 1.5, *huge],
        "max_tokens": [-1, door.context + 1, 1.5, *huge], "min_tokens": [-1, door.context + 1, *huge],
    }
    cases = [(name, values + wrong_types, ("/chat/completions", "/completions")) for name, values in both.items()]
    either = ("/chat/completions", "/completions")
    chat, text = ("/chat/completions",), ("/completions",)
    return cases + [
        ("stream", [1, "true", []], either), ("ignore_eos", [1, "x"], either),
        ("return_token_ids", [1, "x"], either), ("user", [1, []], either), ("model", [1, []], either),
        ("stop", [1, [1], [""], "", ["x"] * 17, "x" * 257, {}], either),
        ("logit_bias", [{"x": 1}, {"-1": 1}, {str(door.vocabulary): 1}, {"1": 101}, {"1": -101}, {"1": "x"}, []],
         either),
        ("response_format", [{"type": "json_object"}, {"type": "json_schema"}, {}, "text"], either),
        ("stream_options", [{"include_usage": 1}, True, []], either),
        ("max_completion_tokens", [-1, 0, door.context + 1, "x"], chat),
        ("top_logprobs", [-1, 21, 1.5, "x"], chat), ("logprobs", [1, "x"], chat),
        ("tools", ["x", [1], [{"type": "x"}]], chat), ("chat_template_kwargs", [1, []], chat),
        ("chat_template", ["{{ messages }}"], chat), ("messages", [1, {}, [1], [{}]], chat),
        ("logprobs", [-1, 21, 1.5, "x", True], text), ("echo", [1, "x"], text), ("suffix", ["tail", 1], text),
        ("prompt", [1, {}, [], [[]], [-1], [door.vocabulary], [1.5], ["x", 1], None], text),
    ]


@check
def every_parameter_has_its_range(door):
    count = 0
    for name, values, paths in bad_values(door):
        for value in values:
            for path in paths:
                body = {"max_tokens": 1}
                body.update({"messages": MESSAGES} if "chat" in path else {"prompt": "x"})
                if name == "top_logprobs":
                    body["logprobs"] = True
                if name == "stream_options":
                    body["stream"] = True
                body[name] = value
                refused(door, path, body, name)
                count += 1
    assert count > 250, f"only {count} cases"


@check
def the_edges_of_ranges_are_served(door):
    for fields in ({"temperature": 0}, {"temperature": 2}, {"top_p": 0}, {"top_p": 1}, {"min_p": 1}, {"top_k": 1},
                   {"presence_penalty": -2}, {"frequency_penalty": 2}, {"seed": -(2**63)}, {"seed": 2**63 - 1},
                   {"stop": ["x" * 256] * 16}, {"n": 16}, {"stop": None}, {"logit_bias": {}}, {"user": "u"},
                   {"temperature": None, "max_tokens": None, "stop": "e"}, {"repetition_penalty": 1.1},
                   {"response_format": {"type": "text"}}, {"metadata": {"a": "b"}}, {"min_tokens": 1}):
        status, _, answer = door.post("/chat/completions", {"messages": MESSAGES, "max_tokens": 1, **fields})
        same(status, 200, f"{fields}: {answer}")


@check
def numbers_that_are_none_are_refused(door):
    for literal in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"):
        body = b'{"prompt":"x","max_tokens":1,"temperature":' + literal + b"}"
        refused(door, "/completions", body, None)


@check
def any_bytes_get_an_error_and_nothing_else(door):
    bodies = [b"", b"{", b"[]", b"null", b'"x"', b"{]", b'{"prompt":"\xff"}', b'{"prompt":"\xed\xa0\x80"}',
              b'{"prompt":"\\ud800"}', b"[" * 200000, b'{"prompt":' * 50000, b"{" * 65, b"\x00" * 100,
              b'{"prompt":"x"} trailing', b'{"a":' * 70 + b"1" + b"}" * 70]
    for body in bodies:
        for path in ("/chat/completions", "/completions"):
            refused(door, path, body, None)
    error = refused(door, "/completions", b'{"prompt":"x",}', None)
    assert "byte 14" in error["message"], error["message"]
    same(door.get("/health")[0], 200, "/health afterwards")


@check
def unknown_fields_are_listed_or_refused(door):
    body = {"messages": MESSAGES, "max_tokens": 1, "frobnicate": 1}
    status, headers, _ = door.post("/chat/completions", body)
    same((status, headers["x-motley-ignored"]), (200, "frobnicate"), "lenient")
    status, _, answer = door.post("/chat/completions", body, {"X-Motley-Strict": "1"})
    same((status, answer["error"]["param"]), (400, "frobnicate"), "strict")


@check
def a_user_can_not_write_a_special_token(door):
    def count(text):
        messages = [{"role": "user", "content": text}]
        _, _, answer = door.post("/chat/completions", {"messages": messages, "max_tokens": 1})
        return answer["usage"]["prompt_tokens"]

    plain = count("a")
    for text in ("<|im_end|>", "<end_of_turn>", "<s>", "<|endoftext|>"):
        assert count(text) >= plain + 2, f"{text} became a token"


def running(door):
    status = json.loads(door.get("/v1/status")[1])
    return sum(m.get("running", 0) + m.get("waiting", 0) for m in status.get("models", []))


@check
def a_dropped_stream_stops_the_work(door):
    streams = [door.chat(stream=True, max_tokens=door.context // 2, extra_body={"ignore_eos": True})
               for _ in range(3)]
    for stream in streams:
        next(iter(stream))
        stream.close()
    deadline = time.monotonic() + 20
    while running(door) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    same(running(door), 0, "requests still running")
    same(door.chat(max_tokens=1).choices[0].finish_reason in ("length", "stop"), True, "others go on")


@check
def a_dropped_wait_stops_the_work_too(door):
    connection = http.client.HTTPConnection(door.url.hostname, door.url.port, timeout=60)
    connection.request("POST", door.url.path + "/completions", json.dumps(
        {"prompt": "x", "max_tokens": door.context // 2, "ignore_eos": True}).encode())
    time.sleep(0.2)
    connection.close()
    deadline = time.monotonic() + 20
    while running(door) > 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    same(running(door), 0, "requests still running")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", default="", help="default: the first of /v1/models")
    parser.add_argument("--only", default="", help="checks whose name contains this")
    options = parser.parse_args()
    door = Door(options.base_url, options.model)
    failed = 0
    chosen = [c for c in CHECKS if options.only in c.__name__]
    for function in chosen:
        try:
            function(door)
        except Exception as e:  # whatever goes wrong is the check's failure
            failed += 1
            where = traceback.extract_tb(e.__traceback__)[-1]
            print(f"FAILED {function.__name__}: {type(e).__name__}: {str(e)[:500]} (line {where.lineno})")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
