#!/usr/bin/env python3
"""What commands print with --json holds docs/schemas, and is what it was when it is read again."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import warnings

from recorded import Tree
from service import ROOT, Service, model_file, program, run_checks, skip, state_folder

try:
    import jsonschema
except ImportError:
    skip("python3-jsonschema is not installed")
warnings.simplefilter("ignore", DeprecationWarning)  # newer versions resolve names in another way

SCHEMAS = {}
for file in sorted((ROOT / "docs" / "schemas").glob("*.schema.json")):
    SCHEMAS["motley." + file.name.removesuffix(".schema.json")] = json.loads(file.read_text(encoding="utf-8"))
MACHINES = sorted((ROOT / "hwprofiles" / "machines").glob("*/*.json"))
BOX = "numa:2 nv:2@gen4x16 amd:1@gen4x8 fpga:1@gen3x16"
NOWHERE = "127.0.0.1:1"


def faults(document, name=None):
    """What its schema says against a document, as text; "" where nothing."""
    schema = SCHEMAS[name or document["schema"].split("/")[0]]
    resolver = jsonschema.RefResolver(schema["$id"], schema, store=SCHEMAS)
    checker = jsonschema.Draft202012Validator(schema, resolver=resolver)
    return "; ".join(f"{list(e.absolute_path)}: {e.message[:300]}" for e in checker.iter_errors(document))


def holds(document, name=None):
    said = faults(document, name)
    assert not said, said
    return document


def motley(*arguments, status=(0,), host=NOWHERE):
    environment = {**os.environ, "MOTLEY_STATE": state_folder(), "MOTLEY_HOST": host}
    done = subprocess.run([program("motley"), *arguments], capture_output=True, timeout=120, check=False,
                          env=environment, text=True)
    assert done.returncode in status, f"motley {arguments}: {done.returncode} {done.stdout} {done.stderr}"
    return done.stdout


@contextlib.contextmanager
def written(document):
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as out:
        json.dump(document, out)
        out.flush()
        yield out.name


def the_schemas_are_schemas():
    assert len(SCHEMAS) >= 13, sorted(SCHEMAS)
    for name, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == name and schema["properties"]["schema"]["const"] == name + "/1", name


def what_lacks_a_key_or_has_the_wrong_type_does_not_hold():
    devices = json.loads(motley("devices", "--json"))
    for spoil in (lambda d: d.pop("devices"), lambda d: d.update(schema="motley.devices/2"),
                  lambda d: d["devices"][0].pop("state"), lambda d: d["devices"][0].update(memory_bytes="24 GiB"),
                  lambda d: d["devices"][0]["state"].update(code="fine")):
        spoiled = json.loads(json.dumps(devices))
        spoil(spoiled)
        assert faults(spoiled, "motley.devices"), spoiled


def what_commands_print_holds():
    for command in ("devices", "topology", "doctor"):
        document = holds(json.loads(motley(command, "--json", status=(0, 5))))
        assert document["schema"] == f"motley.{command}/1"
    assert len(holds(json.loads(motley("explain", "--json")))["cases"]) >= 30
    holds(json.loads(motley("topology", "--synthetic", BOX, "--json")))
    matrix = holds(json.loads(motley("topology", "--matrix", "--synthetic", BOX, "--json")))
    assert len(matrix["pairs"]) == len(matrix["ends"]) * (len(matrix["ends"]) - 1)
    summary = holds(json.loads(motley("--json")))
    assert summary["service"] == {"host": NOWHERE, "status": None} and summary["devices"]


def simulations_hold_with_and_without_requests_counted():
    box = {"schema": "motley.machine/1", "name": "box", "default_link": {"latency_us": 5, "bytes_per_s": 1e9},
           "devices": [{"id": d, "usable_bytes": 1e9, "power": {"idle_w": 10, "busy_w": 100},
                        "layer_times": {"prefill": [[0, 0], [1000, 9000]], "decode": [[1, 100], [8, 150]]}} for d in ("nv0", "nv1")]}
    model = {"schema": "motley.workload/1", "name": "m", "hidden_bytes_per_token": 2048, "kv_bytes_per_token_layer": 1024,
             "context_tokens": 512, "items": [{"name": f"layer.{i}", "weight_bytes": 1e6} for i in range(8)]}
    with written(box) as machine, written(model) as workload, tempfile.TemporaryDirectory() as folder:
        command = ["simulate", "--machine", machine, "--workload", workload, "--json", "--arrivals"]
        saved = os.path.join(folder, "plan.json")
        for policy in ("best", "even", "memory-proportional", "speed-proportional", "fastest-first", "single:nv1"):
            done = holds(json.loads(motley(*command, "poisson:20", "--lengths", "in:64,out:16", "--seconds", "5", "--policy", policy,
                                           "--save-plan", saved, "--slo", "ttft=0.5,itl=0.01")))
            assert done["completed"] > 50 and not done["violations"], done
            again = motley(*command, "poisson:20", "--lengths", "in:64,out:16", "--seconds", "5", "--plan", saved,
                           "--slo", "ttft=0.5,itl=0.01")
            assert json.loads(again) == done, policy
        nothing = holds(json.loads(motley(*command, "offline:9", "--lengths", "in:64,out:16", "--seconds", "0.02", "--warmup", "0.01",
                                          "--policy", "even", "--fail", "nv0@0.005+0.001")))
        assert nothing["ttft_s"]["mean"] is None, nothing
        refused = json.loads(motley(*command, "offline:9", "--lengths", "in:64", "--policy", "even", status=(1, 2)))
        assert refused["error"]["field"] == "lengths", refused


def recorded_machines_hold_as_files_and_as_printed():
    assert len(MACHINES) >= 20
    for path in MACHINES:
        expected = json.loads(path.read_text(encoding="utf-8"))
        holds({"schema": "motley.devices/1", **expected})
        with tempfile.TemporaryDirectory(prefix="motley-box-") as root:
            Tree(root, path.with_suffix(".txt").read_text(encoding="utf-8"))
            devices = holds(json.loads(motley("devices", "--json", "--root", root)))
            wanted, got = ([(d["id"], d["pci"], d["state"]) for d in x["devices"]] for x in (expected, devices))
            assert got == wanted, f"{path.stem}: {got}, wanted {wanted}"
            holds(json.loads(motley("topology", "--json", "--root", root)))
            holds(json.loads(motley("doctor", "--json", "--root", root, status=(0, 5))))
            comes_back("devices", devices)


def comes_back(command, document):
    with written(document) as path:
        again = json.loads(motley(command, "--json", "--input", path))
    assert again == document, f"motley {command} --input: {str(again)[:500]} for {str(document)[:500]}"


def what_was_printed_is_an_input():
    for command, arguments in (("devices", ()), ("topology", ()), ("topology", ("--synthetic", BOX))):
        comes_back(command, json.loads(motley(command, "--json", *arguments)))
    devices = json.loads(motley("devices", "--json"))
    with written(devices) as path:
        assert devices["devices"][0]["name"] in motley("devices", "--input", path, "-o", "csv")
        assert devices["devices"][0]["name"] in motley("devices", "--input", path)
    with written({"schema": "motley.devices/1", "devices": [3]}) as path:
        motley("devices", "--input", path, status=(2,))


def the_catalog_holds():
    files = sorted((ROOT / "hwprofiles" / "catalog").rglob("*.json"))
    assert len(files) >= 60
    for path in files:
        said = faults(json.loads(path.read_text(encoding="utf-8")))
        assert not said, f"{path.stem}: {said}"


def a_plan_from_files_holds():
    machine = {"schema": "motley.machine/1", "name": "two cards", "devices": [
        {"id": name, "kind": "gpu", "name": name, "usable_bytes": 4e9,
         "peak": {"bytes_per_s": rate, "f16_flops": 2e13, "int8_ops": None, "launch_us": 5}}
        for name, rate in (("nv0", 4e11), ("amd0", 2e11))],
        "links": [{"from": "nv0", "to": "amd0", "latency_us": 20, "bytes_per_s": 1e10}],
        "default_link": {"latency_us": 30, "bytes_per_s": 5e9}}
    workload = {"schema": "motley.workload/1", "name": "small", "layers": 4, "hidden_bytes_per_token": 2304,
                "kv_bytes_per_token_layer": 768, "context_tokens": 1024,
                "items": [{"name": "embed", "weight_bytes": 1000000},
                          *({"name": f"layer.{i}", "weight_bytes": 1500000000, "flops_per_token": 3e9}
                            for i in range(4)),
                          {"name": "head", "weight_bytes": 1000000, "tied_with": "embed"}]}
    with written(holds(machine)) as machine_path, written(holds(workload)) as workload_path:
        files = ("--machine", machine_path, "--workload", workload_path, "--json")
        plan = holds(json.loads(motley("plan", *files)))
        holds(json.loads(motley("whatif", *files, "--add", "rtx-3090", "--rank", "2")))
    assert {stage["device"] for stage in plan["pools"][0]["replicas"][0]["stages"]} == {"nv0", "amd0"}


def a_profile_holds():
    document = json.loads(motley("profile", "--device", "cpu0", "--quick", "--only", "roof.read", "--json"))
    assert holds(document)["devices"][0]["points"]
    assert faults({**document, "devices": [{**document["devices"][0], "points": [{"sweep": "x"}]}]})


def what_a_model_gives_holds():
    if not os.environ.get("MOTLEY_MODELS"):
        print("no model: MOTLEY_MODELS is unset")
        return
    model = model_file()
    assert len(holds(json.loads(motley("models", "check", model, "--json")))["tensors"]) > 100
    placed = ("--devices", "cpu0", "--ctx", "256")
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{name}.json" for name in ("plan", "workload", "machine")]
        save = [word for option, path in zip(("--save", "--save-workload", "--save-machine"), files)
                for word in (option, path)]
        holds(json.loads(motley("plan", model, *placed, *save, "--json")))
        for path in files:
            holds(json.loads(pathlib.Path(path).read_text(encoding="utf-8")))
    rows = holds(json.loads(motley("bench", model, *placed, "-p", "8", "-n", "4", "-r", "1", "-o", "json")))["rows"]
    assert [row["test"] for row in rows] == ["pp8", "tg4"]
    with Service(model, *placed) as service:
        service.complete(prompt="One", max_tokens=4)
        assert holds(service.get("/v1/status")[1])["models"][0]["generated_tokens"] >= 4
        holds(service.get("/v1/devices")[1])
        summary = holds(json.loads(motley("--json", host=f"127.0.0.1:{service.port}")))
        assert summary["service"]["status"]["models"]


PREDICTION = ("steps", "median_error", "p95_error", "profile_error", "scale", "drifts")


def examples_of_the_page_hold():
    """The documents of formats.md, with 1 for its N and one choice of a|b."""
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    found = 0
    for name in ("status", "bench", "manifest"):
        part = text.split(f"\n## motley.{name}/1\n", 1)[1].split("\n## ", 1)[0]
        example = "\n".join(line for line in part.splitlines() if line.startswith("    "))
        example = re.sub(r"\bN\b", "1", example)
        example = re.sub(r'"([a-z]+)\|[a-z|]+"', r'"\1"', example)
        for shown, meant in (("8 hex digits", "0123abcd"), ("[8 elements]", "[]"), ("[cols,rows]", "[1,1]"),
                              ('"prediction":{...}', '"prediction":' + json.dumps(dict.fromkeys(PREDICTION, 1)))):
            example = example.replace(shown, meant)
        document = json.loads(re.sub(r",\s*\.\.\.", "", example))
        holds(document)
        found += 1
    assert found == 3


class Answers(http.server.BaseHTTPRequestHandler):
    document = {"schema": "motley.status/1", "state": "ready", "uptime_s": 12, "progress": {"doing": "", "part": 1.0},
                "models": [{"id": "smol", "file_bytes": 98362432, "context_tokens": 2048, "plan_id": "0123abcd",
                            "layers": 30, "running": 3, "waiting": 2, "kv_blocks": 64, "kv_blocks_free": 60,
                            "tokens_per_s": 71.2, "requests": 9, "generated_tokens": 900,
                            "stages": [{"device": "cpu0", "first_item": 0, "last_item": 31, "restarts": 0}]}]}

    def do_GET(self):
        body = json.dumps(self.document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def the_summary_shows_the_service():
    holds(Answers.document)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    try:
        text = motley(host=host)
        for word in ("cpu0", host, "smol", "3+2", "71.2", "--help"):
            assert word in text, f"{word} is missing: {text}"
        assert holds(json.loads(motley("--json", host=host)))["service"]["status"] == Answers.document
    finally:
        server.shutdown()
        server.server_close()
    text = motley(host=host)
    assert f"no service at {host}" in text and "motley serve MODEL.gguf" in text, text


if __name__ == "__main__":
    assert pathlib.Path(program("motley")).exists()
    run_checks(the_schemas_are_schemas, what_lacks_a_key_or_has_the_wrong_type_does_not_hold, what_commands_print_holds,
               simulations_hold_with_and_without_requests_counted,
               recorded_machines_hold_as_files_and_as_printed, what_was_printed_is_an_input, the_catalog_holds,
               a_plan_from_files_holds, a_profile_holds, what_a_model_gives_holds, examples_of_the_page_hold,
               the_summary_shows_the_service)
