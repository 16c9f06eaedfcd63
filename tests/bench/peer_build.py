"""llama.cpp built from its PyPI source package for peer_bench.py: llama-bench and llama-batched-bench.

Every instruction set of this CPU that ggml has an option for is on. AMX is taken back when the built
program crashes: some virtual machines announce it and do not have it.
"""

import os
import pathlib
import subprocess
import sys

PACKAGE, VERSION = "llama-cpp-python", "0.3.36"
ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("MOTLEY_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "motley")
# ggml's option: the flag of /proc/cpuinfo
OPTIONS = {"SSE42": "sse4_2", "AVX": "avx", "AVX2": "avx2", "FMA": "fma", "F16C": "f16c", "BMI2": "bmi2",
           "AVX_VNNI": "avx_vnni", "AVX512": "avx512bw", "AVX512_VBMI": "avx512vbmi",
           "AVX512_VNNI": "avx512_vnni", "AVX512_BF16": "avx512_bf16", "AMX_TILE": "amx_tile",
           "AMX_INT8": "amx_int8", "AMX_BF16": "amx_bf16"}
TARGETS = ("llama-bench", "llama-batched-bench")


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def run_logged(command, log):
    with open(log, "ab") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {command[0]} failed, see {log}")


def source():
    folder = CACHE / f"llama_cpp_python-{VERSION}"
    if not (folder / "vendor" / "llama.cpp" / "tools").exists():
        say(f"fetching {PACKAGE} {VERSION}")
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, ROOT / "scripts" / "fetch_sdist.py", PACKAGE, VERSION, CACHE], check=True)
    return folder / "vendor" / "llama.cpp"


def cpu_flags():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        line = next((line for line in file if line.startswith("flags")), ":")
    return set(line.split(":", 1)[1].split())


def configure(folder, amx):
    flags = cpu_flags()
    switches = [f"-DGGML_{name}={'ON' if flag in flags and (amx or 'AMX' not in name) else 'OFF'}"
                for name, flag in OPTIONS.items()]
    launcher = [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("C", "CXX")]
    has_ccache = any((pathlib.Path(p) / "ccache").exists() for p in os.environ.get("PATH", "").split(":"))
    run_logged(["cmake", "-S", source(), "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                "-DGGML_NATIVE=OFF", *switches, "-DGGML_CCACHE=OFF", "-DLLAMA_BUILD_TESTS=OFF",
                "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_SERVER=OFF", "-DLLAMA_BUILD_APP=OFF",
                "-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_OPENSSL=OFF",
                *(launcher if has_ccache else [])], folder / "configure.log")


def build(folder, amx):
    configure(folder, amx)
    say(f"building llama.cpp{' with AMX' if amx else ''} ({folder}/build.log)")
    run_logged(["ninja", "-C", folder, "-j2", *TARGETS], folder / "build.log")


def crashes(folder, model):
    done = subprocess.run([folder / "bin" / "llama-bench", "-m", model, "-p", "64", "-n", "1", "-r", "1", "-t", "1"],
                          capture_output=True, timeout=300, check=False)
    return done.returncode < 0


def built_peer(model):
    """(folder of the programs, a note on how they were built)."""
    folder = CACHE / f"llama.cpp-{VERSION}-build"
    folder.mkdir(parents=True, exist_ok=True)
    note_file = folder / "note.txt"
    if note_file.exists() and all((folder / "bin" / target).exists() for target in TARGETS):
        return folder / "bin", note_file.read_text(encoding="utf-8")
    amx = "amx_int8" in cpu_flags()
    build(folder, amx)
    note = "every instruction set of the CPU that ggml knows"
    if crashes(folder, model):
        if not amx:
            sys.exit("error: llama-bench crashes on this machine")
        say("llama-bench crashes with AMX: building without")
        build(folder, False)
        if crashes(folder, model):
            sys.exit("error: llama-bench crashes on this machine")
        note = "AVX-512 and VNNI, AMX off: with AMX on llama-bench crashes on this machine"
    note_file.write_text(note, encoding="utf-8")
    return folder / "bin", note
