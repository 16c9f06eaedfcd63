#!/usr/bin/env python3
"""openai_client_test.py, with the official openai package, against a real service.

The package is installed once into a virtual environment in the cache folder; without it and without a
way to fetch it the test is skipped.
"""

import os
import pathlib
import subprocess
import venv

from service import Service, model_file, run_checks, skip

CACHE = pathlib.Path(os.environ.get("MOTLEY_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "motley")
FOLDER = CACHE / "venv-openai"


def can_import(python):
    return python.exists() and subprocess.run([python, "-c", "import openai"], check=False,
                                              capture_output=True).returncode == 0


def python_with_openai():
    python = FOLDER / "bin" / "python3"
    if can_import(python):
        return python
    try:
        venv.create(FOLDER, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", "openai"], timeout=240, check=False,
                              capture_output=True, text=True)
        reason = done.stderr.strip()[-300:]
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(error)
    if not can_import(python):
        skip(f"the openai package can not be installed into {FOLDER}: {reason}")
    return python


def the_official_client_finds_what_it_expects():
    python = python_with_openai()
    with Service(model_file(), "--ctx", "2048", "--devices", "cpu0") as daemon:
        script = pathlib.Path(__file__).parent / "openai_client_test.py"
        done = subprocess.run([python, script, "--base-url", f"http://127.0.0.1:{daemon.port}/v1"], check=False,
                              capture_output=True, text=True)
        print(done.stdout.strip())
        assert done.returncode == 0, done.stderr[-2000:] or "checks failed"


if __name__ == "__main__":
    run_checks(the_official_client_finds_what_it_expects)
