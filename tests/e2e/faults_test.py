#!/usr/bin/env python3
"""What a client sees when a worker dies, and that the service goes on."""

import http.client
import json
import os
import pathlib
import signal
import threading
import time

from service import EXIT_S, Service, load, model_file, run_checks, state_folder

LONG = {"prompt": "Once upon a time", "max_tokens": 400, "ignore_eos": True, "temperature": 0}
SHORT = {"prompt": "Once upon a time", "max_tokens": 8, "ignore_eos": True, "temperature": 0,
         "return_token_ids": True}
ERROR_S = 2.0  # from a worker's death to the stream's error: generous, the machine may be busy


def box():
    """A machine file of two fake devices."""
    path = pathlib.Path(state_folder()) / "box.json"
    path.write_text(json.dumps({
        "schema": "motley.machine/1", "name": "box", "links": [],
        "default_link": {"latency_us": 10, "bytes_per_s": 1e10},
        "devices": [{"id": name, "kind": "gpu", "name": f"Fake {name}", "memory_bytes": 4 << 30,
                     "peak": {"bytes_per_s": 1e10, "f16_flops": 1e11}} for name in ("nv0", "amd0")]}),
        encoding="utf-8")
    return str(path)


def measured(name):
    """Has the fake devices' profiles stored, for a fault would hit the measuring as well."""
    if name not in measured.done:
        with fake(None, name):
            measured.done.add(name)


measured.done = set()


def fake(fault=None, devices="nv0", *arguments):
    env = {"MOTLEY_KERNELS": "auto", **({"MOTLEY_FAKE_FAULT": fault} if fault else {})}
    return Service(model_file(), "--ctx", "1024", "--simulate", box(), "--devices", devices, *arguments, env=env)


def wait_restarts(daemon, stage, wanted):
    deadline = time.monotonic() + 20
    while daemon.status()["stages"][stage]["restarts"] < wanted:
        assert time.monotonic() < deadline, daemon.status()["stages"]
        time.sleep(0.02)


def expect_error(events, device):
    """The stream's last event is an error that names the device; nothing follows it."""
    last = events[-1]
    assert isinstance(last, dict) and "error" in last, f"the stream ended with {last}"
    assert sorted(last["error"]) == ["code", "message", "param", "type"], last
    assert device in last["error"]["message"], f"{device} is not named: {last}"
    assert not any(isinstance(e, dict) and "error" in e for e in events[:-1])
    return last["error"]


def kill_during_a_stream(daemon, stage, device):
    """Kills a stage's worker after 3 tokens; seconds to the error."""
    pid = daemon.status()["stages"][stage]["pid"]
    stream = daemon.stream(**{**LONG, "max_tokens": 900})
    events, killed = [], 0.0
    for event in stream:
        events.append(event)
        if len(events) == 3:
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
    took = time.monotonic() - killed
    error = expect_error(events, device)
    assert error["code"] == "device_lost", error
    return took


def a_worker_killed_during_a_stream_ends_it_with_its_devices_name():
    with Service(model_file(), "--ctx", "1024", "--devices", "cpu0") as daemon:
        before = daemon.complete(**SHORT)
        pid = daemon.status()["stages"][0]["pid"]
        took = kill_during_a_stream(daemon, 0, "cpu0")
        print(f"worker death to the stream's end: {took * 1000:.1f} ms ({load()})")
        assert took < ERROR_S, f"{took:.2f} s from the death to the error"
        assert daemon.complete(**SHORT)["token_ids"] == before["token_ids"], "another answer afterwards"
        stage = daemon.status()["stages"][0]
        assert stage["restarts"] == 1 and stage["pid"] != pid, stage
        assert daemon.get("/ready")[0] == 200


def a_worker_killed_while_idle_costs_nobody_a_request():
    with Service(model_file(), "--ctx", "1024", "--devices", "cpu0") as daemon:
        before = daemon.complete(**SHORT)
        for time_killed in (1, 2):
            os.kill(daemon.status()["stages"][0]["pid"], signal.SIGKILL)
            wait_restarts(daemon, 0, time_killed)
            assert daemon.complete(**SHORT)["token_ids"] == before["token_ids"]
        os.kill(daemon.status()["stages"][0]["pid"], signal.SIGKILL)
        status, answer = daemon.post("/v1/completions", SHORT)  # may still meet the dying worker
        assert status == 200 or answer["error"]["code"] == "device_lost", answer
        assert daemon.complete(**SHORT)["token_ids"] == before["token_ids"]


def either_stage_of_two_may_die():
    with fake(None, "nv0,amd0", "--split", "0-14,15-29") as daemon:
        before = daemon.complete(**SHORT)
        for stage, device in enumerate(("nv0", "amd0")):
            kill_during_a_stream(daemon, stage, device)
            assert daemon.complete(**SHORT)["token_ids"] == before["token_ids"]
            assert daemon.status()["stages"][stage]["restarts"] == 1


def waiting_requests_survive_the_running_ones():
    with Service(model_file(), "--ctx", "1024", "--devices", "cpu0") as daemon:
        before = daemon.complete(**SHORT)
        streams = [daemon.stream(**LONG) for _ in range(2)]
        heard = [[] for _ in streams]
        threads = [threading.Thread(target=lambda i=i: heard[i].extend(streams[i])) for i in range(2)]
        for thread in threads:
            thread.start()
        while not all(heard):
            time.sleep(0.01)
        os.kill(daemon.status()["stages"][0]["pid"], signal.SIGKILL)
        assert daemon.complete(**SHORT)["token_ids"] == before["token_ids"]
        for thread in threads:
            thread.join(30)
        for events in heard:
            expect_error(events, "cpu0")


def fault(kind, device):
    """A fault in the middle of the first long stream; the next request is served."""
    measured(device)
    with fake(f"{device}:{kind}") as daemon:
        events = list(daemon.stream(**LONG))
        error = expect_error(events, device)
        print(f"{kind}: {len(events) - 1} events, then {error['code']}: {error['message']}")
        assert len(daemon.complete(**SHORT)["token_ids"]) == SHORT["max_tokens"]


def a_lost_device_ends_the_stream_and_comes_back():
    fault("lose@step 20", "nv0")


def a_drivers_abort_ends_the_stream_and_comes_back():
    fault("abort@step 20", "nv0")


def no_memory_at_load_is_an_error_and_not_a_crash():
    measured("nv0")
    try:
        with fake("nv0:oom@alloc 5"):
            raise RuntimeError("it serves without its memory")
    except AssertionError as error:
        assert "motleyd ended with 6" in str(error) and "nv0: allocation 5" in str(error), str(error)


def a_device_that_dies_again_and_again_ends_the_service_with_a_reason():
    measured("nv0")
    daemon = fake("nv0:lose@step 3").__enter__()
    answers = []
    try:
        while len(answers) < 12 and daemon.process.poll() is None:
            status, answer = daemon.post("/v1/completions", LONG)
            assert status == 503, f"{status}: {answer}"
            answers.append(answer["error"]["message"])
    except (ConnectionError, http.client.HTTPException):
        pass  # it has ended
    try:
        assert daemon.process.wait(EXIT_S) == 5, daemon.process.returncode
    finally:
        daemon.process.kill()
    assert len(answers) >= 6 and all("nv0" in text for text in answers[:6]), answers
    assert any("nv0 has lost its worker" in line for line in daemon.lines), daemon.lines[-5:]


if __name__ == "__main__":
    run_checks(a_worker_killed_during_a_stream_ends_it_with_its_devices_name,
               a_worker_killed_while_idle_costs_nobody_a_request, either_stage_of_two_may_die,
               waiting_requests_survive_the_running_ones, a_lost_device_ends_the_stream_and_comes_back,
               a_drivers_abort_ends_the_stream_and_comes_back, no_memory_at_load_is_an_error_and_not_a_crash,
               a_device_that_dies_again_and_again_ends_the_service_with_a_reason)
