"""A private motleyd for a test: started on a free port, waited for, stopped, and its exit looked at.

    with Service(model, "--devices", "cpu0") as service:
        answer = service.complete(prompt="One", max_tokens=4)

Programs are looked for in $MOTLEY_BIN (ctest sets it), models in $MOTLEY_MODELS. A test that misses
something calls skip(reason), which ends the program with 77, ctest's "skipped".
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = {"smollm2-135m-q4_1": "SmolLM2-135M-Instruct.Q4_1.gguf",
          "gemma-3-270m-q4_k_m": "gemma-3-270m-q4_k_m.gguf"}
READY_S = 240  # a first start measures its devices
EXIT_S = 5
SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def program(name):
    path = pathlib.Path(os.environ.get("MOTLEY_BIN", ROOT / "build" / "bin")) / name
    if not path.exists():
        skip(f"{path} is not built")
    return str(path)


def model_file(name="smollm2-135m-q4_1"):
    folder = os.environ.get("MOTLEY_MODELS")
    if not folder:
        skip("MOTLEY_MODELS is unset (scripts/test sets it)")
    path = pathlib.Path(folder) / MODELS[name]
    if not path.exists():
        skip(f"{path.name} is not in MOTLEY_MODELS (scripts/models fetches it)")
    return str(path)


def load():
    """The machine's load, to print beside every figure."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def state_folder():
    """One folder for all services of this program: devices are measured once."""
    if not hasattr(state_folder, "path"):
        state_folder.path = tempfile.TemporaryDirectory(prefix="motley-e2e-")
    return state_folder.path.name


class Service:
    """motleyd with these arguments; `env` adds to its environment."""

    def __init__(self, model, *arguments, env=None):
        self.command = [program("motleyd"), model, "--listen", "127.0.0.1:0", *arguments]
        self.environment = {**os.environ, "MOTLEY_STATE": state_folder(), **(env or {})}
        self.process = None
        self.port = 0
        self.lines = []
        self._heard = threading.Condition()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace")
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._wait_ready()
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print("the service said:\n  " + "\n  ".join(self.lines[-30:]), flush=True)
            self.process.kill()
            self.process.wait()
        elif self.process.poll() is None:
            took = self.stop()
            assert took <= EXIT_S, f"SIGTERM to exit took {took:.1f} s"
            assert self.process.returncode == 0, f"exit status {self.process.returncode}"

    def _listen(self):
        for line in self.process.stderr:
            with self._heard:
                self.lines.append(line.rstrip())
                if "listening on 127.0.0.1:" in line:
                    self.port = int(line.rsplit(":", 1)[1])
                self._heard.notify_all()

    def _wait_ready(self):
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                time.sleep(0.2)
                raise AssertionError(f"motleyd ended with {self.process.returncode}: {self.lines[-5:]}")
            with contextlib.suppress(ConnectionError):  # it may end in between
                if self.port and self.get("/ready")[0] == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(f"not ready after {READY_S} s: {self.lines[-5:]}")

    def stop(self):
        """SIGTERM; seconds until the exit."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        return time.monotonic() - begin

    def get(self, path):
        with contextlib.closing(self.connection()) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read()
        kind = answer.headers.get("Content-Type", "")
        return answer.status, json.loads(text) if kind.startswith("application/json") else text

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def post(self, path, body):
        with contextlib.closing(self.connection()) as connection:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def complete(self, **fields):
        """The first choice of /v1/completions, which must succeed."""
        status, answer = self.post("/v1/completions", fields)
        assert status == 200, f"status {status}: {answer}"
        return answer["choices"][0]

    def stream(self, **fields):
        return Stream(self, {"stream": True, **fields})

    def status(self):
        return self.get("/v1/status")[1]["models"][0]

    def running(self):
        status = self.status()
        return status["running"] + status["waiting"]

    def wait_idle(self, seconds):
        """Seconds until nothing runs or waits; fails after `seconds`."""
        begin = time.monotonic()
        while self.running() > 0:
            assert time.monotonic() - begin < seconds, f"still running after {seconds} s: {self.status()}"
            time.sleep(0.01)
        return time.monotonic() - begin


class Stream:
    """A streamed completion: iterate its events (parsed; "[DONE]" as text)."""

    def __init__(self, service, body, path="/v1/completions"):
        self._connection = service.connection()
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        self._answer = self._connection.getresponse()
        self.status = self._answer.status

    def __iter__(self):
        for line in self._answer:
            line = line.strip()
            if line.startswith(b"data: "):
                text = line[len(b"data: "):]
                yield "[DONE]" if text == b"[DONE]" else json.loads(text)

    def drop(self):
        self._answer.close()
        self._connection.close()


def token_ids(events):
    """The generated ids of a stream asked for with return_token_ids."""
    return [i for e in events if isinstance(e, dict) for c in e.get("choices", [])
            for i in c.get("token_ids") or []]


def run_checks(*checks):
    """Runs the functions in order, prints what failed, ends the program."""
    only = sys.argv[1:]
    failed = 0
    for check in checks:
        if only and check.__name__ not in only:
            continue
        begin = time.monotonic()
        try:
            check()
            print(f"passed {check.__name__} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception as error:  # whatever goes wrong is the check's failure
            failed += 1
            trace = error.__traceback__
            while trace.tb_next:
                trace = trace.tb_next
            print(f"FAILED {check.__name__}: {type(error).__name__}: {str(error)[:1500]}"
                  f" ({pathlib.Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})", flush=True)
    sys.exit(1 if failed else 0)
