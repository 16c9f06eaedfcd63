#!/usr/bin/env python3
"""Starts, drops, drains and ends of the service."""

import signal
import subprocess
import threading
import time

from service import EXIT_S, Service, load, model_file, program, run_checks

LONG = {"prompt": "Once upon a time", "max_tokens": 900, "ignore_eos": True, "temperature": 0}


def serve(*arguments):
    return Service(model_file(), "--ctx", "1024", "--devices", "cpu0", *arguments)


def a_dropped_stream_stops_the_work_within_a_second():
    with serve() as daemon:
        streams = [daemon.stream(**LONG) for _ in range(3)]
        for stream in streams:
            next(iter(stream))
        assert daemon.running() == 3, daemon.status()
        for stream in streams:
            stream.drop()
        took = daemon.wait_idle(1.0)
        print(f"three dropped streams: nothing runs after {took * 1000:.0f} ms ({load()})")
        status = daemon.status()
        assert status["kv_blocks"] == status["kv_blocks_free"], status
        assert daemon.complete(prompt="A", max_tokens=1)["finish_reason"] in ("length", "stop")


def a_term_lets_a_short_stream_end():
    with serve() as daemon:
        events = []
        stream = daemon.stream(**{**LONG, "max_tokens": 12})
        reader = threading.Thread(target=lambda: events.extend(stream))
        reader.start()
        while not events:
            time.sleep(0.005)
        took = daemon.stop()
        reader.join(10)
        assert events[-1] == "[DONE]" and len(events) > 2, events[-2:]
        assert daemon.process.returncode == 0 and took <= EXIT_S, (daemon.process.returncode, took)


def a_term_cuts_a_long_stream_and_exits_in_time():
    with serve() as daemon:
        events = []
        stream = daemon.stream(**{**LONG, "n": 8})
        reader = threading.Thread(target=lambda: events.extend(stream))
        reader.start()
        while len(events) < 3:
            time.sleep(0.005)
        took = daemon.stop()
        reader.join(10)
        print(f"SIGTERM during a long stream: exit after {took:.2f} s ({load()})")
        assert daemon.process.returncode == 0 and took <= EXIT_S, (daemon.process.returncode, took)
        last = events[-1]
        assert last == "[DONE]" or "error" in last, f"the stream ended with {last}"


def a_second_service_on_the_port_says_who_holds_it():
    with serve() as daemon:
        command = [program("motleyd"), model_file(), "--listen", f"127.0.0.1:{daemon.port}", "--devices", "cpu0"]
        second = subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=60,
                                check=False)
        assert second.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT), second.returncode
        assert str(daemon.port) in second.stderr, second.stderr
        print(f"the second ends with {second.returncode}: {second.stderr.strip().splitlines()[-1]}")
        assert daemon.get("/ready")[0] == 200


def a_term_while_it_starts_ends_it_in_time():
    command = [program("motleyd"), model_file(), "--listen", "127.0.0.1:0", "--devices", "cpu0", "--remeasure"]
    process = subprocess.Popen(command, env=serve().environment, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "measuring" in line:
            break
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.stderr.close()
    process.wait(60)
    took = time.monotonic() - begin
    print(f"SIGTERM while measuring: exit after {took:.2f} s ({load()})")
    assert process.returncode == 0 and took <= EXIT_S, (process.returncode, took)


def a_file_that_is_no_model_is_refused_with_the_reason():
    for arguments, word in (([program("motleyd")], "model"),
                            ([program("motleyd"), "/nonexistent.gguf"], "nonexistent"),
                            ([program("motleyd"), __file__, "--listen", "127.0.0.1:0"], "GGUF"),
                            ([program("motleyd"), model_file(), "--devices", "nope7",
                              "--listen", "127.0.0.1:0"], "nope7")):
        done = subprocess.run(arguments, env=serve().environment, capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode > 0, f"{arguments[1:]}: status {done.returncode}"
        assert word in done.stderr + done.stdout, f"{arguments[1:]}: {done.stderr}"


if __name__ == "__main__":
    run_checks(a_dropped_stream_stops_the_work_within_a_second, a_term_lets_a_short_stream_end,
               a_term_cuts_a_long_stream_and_exits_in_time, a_second_service_on_the_port_says_who_holds_it,
               a_term_while_it_starts_ends_it_in_time, a_file_that_is_no_model_is_refused_with_the_reason)
