// Templates that mean harm, and helpers that break: each ends in an error, and the next render
// works.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "engine/template/helper_process.h"
#include "engine/template/renderer.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

struct Attack {
  const char* name;
  const char* source;  // run while `attack` is true
  Code code;
};

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

class TemplateAttack : public testing::TestWithParam<Attack> {};

TEST_P(TemplateAttack, EndsInAnErrorAndTheNextRenderWorks) {
  const std::string source =
      "{% if attack %}" + std::string(GetParam().source) + "{% else %}fine{% endif %}";
  auto renderer = TemplateRenderer::Start(source);
  ASSERT_TRUE(renderer.ok());
  const Json variables = {{"attack", true},
                          {"x", "text"},
                          {"list", {1, 2}},
                          {"n", 1000000000},
                          {"messages", Json::array({{{"role", "user"}}})}};
  for (int i = 0; i < 2; ++i) {
    const auto result = (*renderer)->Render(variables);
    ASSERT_FALSE(result.ok()) << result->substr(0, 200);
    EXPECT_EQ(result.error().code, GetParam().code) << result.error().message;
    const auto next = (*renderer)->Render({{"attack", false}});
    EXPECT_TRUE(next.ok() && *next == "fine") << next.error().message;
  }
}

const Attack kHungry[] = {
    {"NestedRanges",
     "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
     Code::kUnavailable},
    {"LongRange", "{% for a in range(n) %}{% endfor %}", Code::kInvalidArgument},
    {"HugeText", "{{ x * n }}", Code::kUnavailable},
    {"HugeOutput", "{% for a in range(99999) %}{{ x * 100 }}{% endfor %}", Code::kUnavailable},
    {"HugeConstant", "{{ 'a' * 10 ** 9 }}", Code::kUnavailable},
    {"HugePower", "{{ (n ** n) ** n }}", Code::kUnavailable},
    {"HugeCentre", "{{ x | center(n) }}", Code::kUnavailable},
    {"HugeFormat", "{{ '%1000000000d' % 1 }}", Code::kUnavailable},
    {"HugeIndent", "{{ x | indent(n, true) }}", Code::kUnavailable},
    {"HugeList", "{{ (list * n) | length }}", Code::kUnavailable},
    {"Doubling",
     "{% set ns = namespace(s=x) %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}{% endfor "
     "%}",
     Code::kUnavailable},
    {"EndlessMacro", "{% macro f(i) %}{{ f(i + 1) }}{% endmacro %}{{ f(0) }}", Code::kUnavailable},
    {"EndlessLoop", "{% for a in [list] recursive %}{{ loop([list]) }}{% endfor %}",
     Code::kUnavailable},
    {"ManyWords", "{{ lipsum(n=1000000) }}", Code::kUnavailable},
    {"SlowReplace", "{{ (x * 9999999) | replace('t', x * 99) }}", Code::kUnavailable},
};
INSTANTIATE_TEST_SUITE_P(Hungry, TemplateAttack, testing::ValuesIn(kHungry),
                         [](const auto& info) { return std::string(info.param.name); });

const Attack kEscapes[] = {
    {"Class", "{{ ''.__class__.__mro__[1].__subclasses__() }}", Code::kInvalidArgument},
    {"ClassByItem", "{{ ''['__class__'].__mro__ }}", Code::kInvalidArgument},
    {"ClassByAttr", "{{ ('' | attr('__class__')).__mro__ }}", Code::kInvalidArgument},
    {"ClassByHexAttr", "{{ ('' | attr('\\x5f\\x5fclass\\x5f\\x5f')).mro }}",
     Code::kInvalidArgument},
    {"ClassByMap", "{{ ([''] | map(attribute='__class__') | first).mro }}", Code::kInvalidArgument},
    {"CyclerGlobals", "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
     Code::kInvalidArgument},
    {"JoinerGlobals", "{{ joiner.__init__.__globals__ }}", Code::kInvalidArgument},
    {"LipsumGlobals", "{{ lipsum.__globals__['os'].system('id') }}", Code::kInvalidArgument},
    {"NamespaceInit", "{{ namespace.__init__.__globals__ }}", Code::kInvalidArgument},
    {"SelfContext", "{{ self.__init__.__globals__ }}", Code::kInvalidArgument},
    {"SelfReference", "{{ self._TemplateReference__context.environment }}", Code::kInvalidArgument},
    {"OwnGlobal", "{{ raise_exception.__globals__.os }}", Code::kInvalidArgument},
    {"OwnClock", "{{ strftime_now.__code__.co_code }}", Code::kInvalidArgument},
    {"FunctionCode", "{{ range.__self__ }}{{ dict.mro() }}", Code::kInvalidArgument},
    {"Generator", "{{ (list | map('int')).gi_frame.f_builtins }}", Code::kInvalidArgument},
    {"FormatField", "{{ '{0.__class__.__mro__}'.format(x) }}", Code::kInvalidArgument},
    {"FormatMap", "{{ '{a.__class__.mro}'.format_map({'a': x}) }}", Code::kInvalidArgument},
    {"FormatByAttr", "{{ ('{0.__class__.mro}' | attr('format'))(x) }}", Code::kInvalidArgument},
    {"FormatIndirect", "{% set f = '{0.__class__.mro}'.format %}{{ f(x) }}",
     Code::kInvalidArgument},
    {"FormatByMap", "{{ (['{0.__class__.mro}'] | map(attribute='format') | first)(x) }}",
     Code::kInvalidArgument},
    {"Include", "{% include '/etc/passwd' %}", Code::kInvalidArgument},
    {"Import", "{% import 'os' as os %}{{ os.system('id') }}", Code::kInvalidArgument},
    {"Extends", "{% set l = '/etc/passwd' %}{% include l %}", Code::kInvalidArgument},
    {"ChangesMessages", "{{ messages.append(1) }}", Code::kInvalidArgument},
    {"ChangesObjects", "{{ messages[0].update({'role': 'system'}) }}", Code::kInvalidArgument},
    {"ChangesGlobals", "{{ range.__setattr__('a', 1) }}", Code::kInvalidArgument},
    {"Open", "{{ open('/etc/passwd').read() }}", Code::kInvalidArgument},
    {"Builtins", "{{ __builtins__.open('/etc/passwd') }}", Code::kInvalidArgument},
    {"ImportCall", "{{ __import__('os').system('id') }}", Code::kInvalidArgument},
};
INSTANTIATE_TEST_SUITE_P(Escape, TemplateAttack, testing::ValuesIn(kEscapes),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(TemplateLimits, ACompilerKeptBusyIsEnded) {
  HelperOptions options;
  options.compile_cpu_ms = 100;
  auto renderer = StartRenderer("{{ 10 ** (10 ** 9) }}", options);
  ASSERT_TRUE(renderer.ok());
  for (int i = 0; i < 2; ++i) {
    const auto result = (*renderer)->Render(Json::object());
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kUnavailable);
  }
}

// The helper with `code` run between its definitions and its start.
std::string Patched(const std::string& code) {
  const std::string script = kRenderHelper;
  return script.substr(0, script.rfind("\nmain()\n")) + "\n" + code + "\nmain()\n";
}

struct Misbehaviour {
  const char* name;
  const char* code;
};
void PrintTo(const Misbehaviour& misbehaviour, std::ostream* out) { *out << misbehaviour.name; }

class BrokenHelper : public testing::TestWithParam<Misbehaviour> {};

TEST_P(BrokenHelper, IsReplaced) {
  HelperOptions options;
  options.starved_wall_ms = 300;
  options.script = Patched(std::string("good = render\n"
                                       "def render(template, output_bytes):\n"
                                       "    kind, text = good(template, output_bytes)\n"
                                       "    if text == 'bad':\n        ") +
                           GetParam().code + "\n    return kind, text\n");
  auto renderer = StartRenderer("{{ x }}", options);
  ASSERT_TRUE(renderer.ok());
  for (int i = 0; i < 2; ++i) {
    const auto bad = (*renderer)->Render({{"x", "bad"}});
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().code, Code::kUnavailable);
    const auto good = (*renderer)->Render({{"x", "good"}});
    EXPECT_TRUE(good.ok() && *good == "good") << good.error().message;
  }
}

const Misbehaviour kBroken[] = {
    {"Dies", "os._exit(3)"},
    {"Sleeps", "os.read(SOCKET, 1)"},
    {"Spins", "signal.setitimer(signal.ITIMER_PROF, 0)\n        while True: pass"},
    {"TalksTooMuch", "os.write(SOCKET, b'T\\xff\\xff\\xff\\x7f' + b'x' * 1000)"},
    {"TalksNonsense", "os.write(SOCKET, b'?' * 99)"},
    {"StopsHalfWay", "os.write(SOCKET, b'T\\x09\\0\\0\\0abc'); os._exit(0)"},
    {"AnswersOutOfTurn", "return b'R', ''"},
};
INSTANTIATE_TEST_SUITE_P(Helper, BrokenHelper, testing::ValuesIn(kBroken),
                         [](const auto& info) { return std::string(info.param.name); });

// What Python code that broke out of jinja2 would try.
class SealedHelper : public testing::TestWithParam<Misbehaviour> {};

TEST_P(SealedHelper, IsDenied) {
  HelperOptions options;
  options.script = Patched(std::string("import socket, threading, mmap, _posixsubprocess\n"
                                       "def attack():\n"
                                       "    try:\n        ") +
                           GetParam().code +
                           "\n        return 'done'\n"
                           "    except (OSError, RuntimeError, ValueError) as error:\n"
                           "        return 'denied'\n"
                           "made = make_environment\n"
                           "def make_environment():\n"
                           "    environment = made()\n"
                           "    environment.globals['attack'] = attack\n"
                           "    return environment\n");
  auto renderer = StartRenderer("{{ attack() }}", options);
  ASSERT_TRUE(renderer.ok());
  const auto result = (*renderer)->Render(Json::object());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(*result, "denied");
}

const Misbehaviour kForbidden[] = {
    {"ReadsFiles", "open('/etc/passwd').read()"},
    {"WritesFiles", "open('/tmp/motley-escaped', 'w')"},
    {"ListsFolders", "os.listdir('/')"},
    {"LooksAtFiles", "os.stat('/etc/passwd')"},
    {"Deletes", "os.unlink('/tmp/motley-none')"},
    {"Connects", "socket.socket()"},
    {"MakesUnixSockets", "socket.socketpair()"},
    {"MakesPipes", "os.pipe()"},
    {"Forks", "os.fork()"},
    {"Executes", "os.execv('/bin/true', ['true'])"},
    {"StartsThreads", "threading.Thread(target=print).start()"},
    {"KillsTheServer", "os.kill(os.getppid(), 0)"},
    {"MapsCode", "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)"},
    {"MakesMemoryFiles", "os.memfd_create('x')"},
    {"RaisesItsLimits", "resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))"},
    {"PrintsToTheTerminal", "os.write(1, b'x')"},
};
INSTANTIATE_TEST_SUITE_P(Helper, SealedHelper, testing::ValuesIn(kForbidden),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace motley
