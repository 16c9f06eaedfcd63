"""Renders one chat template, for engine/template/helper_process.cc, which starts it and says what the frames hold.

Run as: python3 -I -S -B -c <this text> <packages folder>, with fd 3 the socket and fd 4 the settings.
"""
import os
import sys

SOCKET, SETTINGS = 3, 4


def read_exactly(count):
    data = bytearray()
    while len(data) < count:
        piece = os.read(SOCKET, min(count - len(data), 1 << 20))
        if not piece:
            os._exit(0)
        data += piece
    return bytes(data)


def receive():
    return json.loads(read_exactly(int.from_bytes(read_exactly(4), "little")))


def send(kind, payload=b""):
    for data in (kind + len(payload).to_bytes(4, "little"), payload):
        view = memoryview(data)
        while view:
            view = view[os.write(SOCKET, view):]


def read_settings():
    size = os.fstat(SETTINGS).st_size
    data = b""
    while len(data) < size:
        data += os.pread(SETTINGS, size - len(data), len(data))
    os.closerange(SETTINGS, 2**31 - 1)
    return json.loads(data)


# Here, not in main: what is imported after the seal would need files. The second group is what jinja2 and Python
# import only when first used.
try:
    sys.path.append(sys.argv[1])
    import ctypes
    import datetime
    import json
    import resource
    import signal

    import encodings.unicode_escape, textwrap, unicodedata  # noqa: E401, F401

    import jinja2
    import jinja2.constants
    import jinja2.debug
    import jinja2.ext
    import jinja2.sandbox
except ImportError as error:
    send(b"M", str(error).encode())
    os._exit(0)


class Refusal(jinja2.TemplateError):
    """The template called raise_exception."""


class TooLarge(Exception):
    """The text passed the limit on output."""


class GenerationTag(jinja2.ext.Extension):
    """{% generation %}...{% endgeneration %} marks what the model said, for training: rendering, it is its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("body"), [], [], body).set_lineno(line)

    def body(self, caller):
        return caller()


def raise_exception(message):
    raise Refusal(str(message))


def strftime_now(format):
    return datetime.datetime.now().strftime(format)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def make_environment():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = strftime_now
    return environment


def warm_up(environment):
    """Goes once through what loads files on first use: time zone, codecs, the way errors take."""
    environment.from_string(
        "{{ strftime_now('%c %Z') }}{{ [1.5, {'a': none}] | tojson(indent=1) }}{{ lipsum(1) }}\n"
        "{% generation %}{{ 'a b' | wordwrap(1) | urlize | title | pprint }}{% endgeneration %}"
    ).render()
    for broken in ("{{ none.a.b }}", "{{ raise_exception('x') }}", "{% if %}"):
        try:
            environment.from_string(broken).render()
        except jinja2.TemplateError:
            pass


def seal(program, memory_bytes):
    """From here on: this socket, memory and the clock; see sandbox_filter.h."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]

    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    code = ctypes.create_string_buffer(program, len(program))
    struct = Program(len(program) // 8, ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    zero, one = ctypes.c_ulong(0), ctypes.c_ulong(1)
    set_no_new_privileges, set_seccomp, mode_filter = 38, 22, ctypes.c_ulong(2)
    if prctl(set_no_new_privileges, one, zero, zero, zero) != 0 or (
        prctl(set_seccomp, mode_filter, ctypes.byref(struct), zero, zero) != 0
    ):
        raise OSError(ctypes.get_errno(), "seccomp filter refused")


def line_of(error):
    """The template's line where a run-time error arose, as ' (line N)'."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return f" (line {line})" if line else ""


def attempt(action):
    """The frame that tells how `action` went: (kind, text)."""
    try:
        return action()
    except Refusal as error:
        return b"E", str(error)
    except TooLarge:
        return b"L", "text"
    except MemoryError:
        return b"L", "memory"
    except RecursionError:
        return b"L", "nesting"
    except jinja2.TemplateSyntaxError as error:
        return b"S", f"line {error.lineno}: {error.message}"
    except Exception as error:
        return b"F", f"{type(error).__name__}: {error}{line_of(error)}"


def answer(cpu_seconds, action):
    """Runs `action` on a CPU budget and sends how it went. Past the budget the kernel ends the process."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    kind, text = attempt(action)
    send(kind, text.encode("utf-8", "replace"))
    signal.setitimer(signal.ITIMER_PROF, 0)


def render(template, output_bytes):
    variables = receive()
    parts, size = [], 0
    for part in template.generate(**variables):
        size += len(part) if part.isascii() else len(part.encode("utf-8", "replace"))
        if size > output_bytes:
            raise TooLarge
        parts.append(part)
    return b"T", "".join(parts)


def main():
    settings = read_settings()
    environment = make_environment()
    warm_up(environment)
    try:
        seal(bytes.fromhex(settings["filter"]), settings["memory_bytes"])
    except (OSError, ValueError) as error:
        send(b"U", str(error).encode())
        return
    compiled = []

    def compile_template():
        compiled.append(environment.from_string(settings["template"]))
        return b"R", ""

    answer(settings["compile_cpu_s"], compile_template)
    while compiled:
        answer(settings["render_cpu_s"], lambda: render(compiled[0], settings["output_bytes"]))


main()
