"""What transformers would render: every template of a folder with every conversation of a file, written as JSON.

    reference_render.py TEMPLATES_FOLDER CONVERSATIONS.json OUTPUT.json

Follows the documented behaviour of transformers' apply_chat_template (sandboxed jinja2, trim_blocks, lstrip_blocks,
loop controls, a generation block, tojson without HTML escapes, raise_exception, strftime_now), and shares no line with
engine/template/render_helper.py. The output maps template file name and conversation name to the text, null: refused.
"""
import datetime
import json
import pathlib
import sys

import jinja2.ext
import jinja2.nodes
import jinja2.sandbox


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = parser.stream.expect("name:generation").lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def refuse(message):
    raise jinja2.TemplateError(message)


def to_json(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def render(source, variables):
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = to_json
    env.globals.update(raise_exception=refuse, strftime_now=lambda f: datetime.datetime.now().strftime(f))
    try:
        return env.from_string(source).render(**variables)
    except Exception:
        return None


folder, conversations, output = map(pathlib.Path, sys.argv[1:])
cases = json.loads(conversations.read_text())
result = {
    path.name: {name: render(path.read_text(), case) for name, case in cases.items()}
    for path in sorted(folder.glob("*.jinja"))
}
output.write_text(json.dumps(result))
