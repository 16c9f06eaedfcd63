#!/usr/bin/env python3
"""cmake --install into a folder, which is then moved: what is in it finds what belongs to it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from service import MODELS, program, run_checks, skip, state_folder

BUILD = pathlib.Path(program("motley")).parents[1]
if shutil.which("cmake") is None or not (BUILD / "cmake_install.cmake").exists():
    skip("no cmake, or this is not a build folder")


def motley(prefix, *arguments):
    environment = {"PATH": "/usr/bin:/bin", "HOME": state_folder(), "MOTLEY_STATE": state_folder(),
                   "MOTLEY_HOST": "127.0.0.1:1"}
    done = subprocess.run([prefix / "bin" / "motley", *arguments], capture_output=True, timeout=300, check=False,
                          env=environment, text=True, cwd="/")
    assert done.returncode == 0, f"motley {arguments}: {done.returncode} {done.stdout} {done.stderr}"
    return done.stdout


def installed(folder):
    """A prefix that is not where cmake put it."""
    first, then = pathlib.Path(folder) / "first", pathlib.Path(folder) / "then"
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", first], capture_output=True, check=False, text=True)
    assert done.returncode == 0, f"cmake --install: {done.stdout} {done.stderr}"
    first.rename(then)
    return then


def an_installed_motley_works_wherever_it_is():
    with tempfile.TemporaryDirectory(prefix="motley-prefix-") as folder:
        prefix = installed(folder)
        assert re.fullmatch(r"motley \d+\.\d+\.\d+\n", motley(prefix, "--version"))
        devices = json.loads(motley(prefix, "devices", "--json"))["devices"]
        assert [d for d in devices if d["id"] == "cpu0" and d["state"]["code"] == "ready"], devices
        assert not [d for d in devices if d["state"]["code"] == "failed"], devices
        scripts = {"bash": "bash-completion/completions/motley", "zsh": "zsh/site-functions/_motley",
                   "fish": "fish/vendor_completions.d/motley.fish"}
        for shell, path in scripts.items():
            assert (prefix / "share" / path).read_text() == motley(prefix, "completion", shell), shell
        has_a_page_of_every_command(prefix)
        answers(prefix)


def has_a_page_of_every_command(prefix):
    folder = prefix / "share" / "man" / "man1"
    top = motley(prefix, "man")
    commands = re.findall(r"motley\\-([a-z]+)\\fR\(1\)", top)
    assert len(commands) >= 15, top
    assert {page.name for page in folder.iterdir()} == {"motley.1", *(f"motley-{c}.1" for c in commands)}
    assert (folder / "motley-devices.1").read_text() == motley(prefix, "man", "devices")


def answers(prefix):
    """motleyd, the workers and their plug-ins are found beside the program."""
    model = pathlib.Path(os.environ.get("MOTLEY_MODELS", "/nonexistent")) / MODELS["smollm2-135m-q4_1"]
    if not model.exists():
        print("no model: MOTLEY_MODELS is unset")
        return
    answer = json.loads(motley(prefix, "run", str(model), "Say hi.", "-n", "2", "--json", "--devices", "cpu0", "--ctx", "256"))
    assert len(answer["tokens"]) == 2, answer


if __name__ == "__main__":
    run_checks(an_installed_motley_works_wherever_it_is)
