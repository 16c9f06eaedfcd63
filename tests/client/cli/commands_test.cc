// The commands as a user meets them. Those that need a model skip without $MOTLEY_MODELS.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/client/cli/program.h"

namespace motley {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string Model() {
  const char* folder = std::getenv("MOTLEY_MODELS");
  return folder ? std::string(folder) + "/SmolLM2-135M-Instruct.Q4_1.gguf" : "";
}

#define MODEL_OR_SKIP()                                                          \
  const std::string model = Model();                                             \
  if (model.empty() || !std::filesystem::exists(model)) {                        \
    GTEST_SKIP() << "$MOTLEY_MODELS does not name a folder with the demo model"; \
  }

TEST(Motley, ATypoIsAUsageErrorWithASuggestion) {
  const Said said = RunProgram({"devcies"});
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr("did you mean devices?"));
}

TEST(Motley, AUsageErrorIsJsonWhereThatIsAskedFor) {
  const Said said = RunProgram({"plan", "--objective", "beauty", "--json"});
  EXPECT_EQ(said.status, 2);
  const json answer = json::parse(said.out, nullptr, false);
  ASSERT_TRUE(answer.is_object()) << said.out;
  EXPECT_EQ(answer["error"]["code"], "InvalidArgument");
  EXPECT_EQ(answer["error"]["remedy"], "motley plan --help");
}

TEST(Motley, AFileThatIsNotThereIsExit3) {
  for (const char* command : {"run", "serve", "plan", "bench", "tokenize", "template"}) {
    std::vector<std::string> words = {command, "/nowhere/x.gguf"};
    if (words[0] == "run") words.push_back("hi");
    if (words[0] == "serve") words.insert(words.end(), {"--listen", "127.0.0.1:0"});
    const Said said = RunProgram(words);
    EXPECT_EQ(said.status, 3) << command << ": " << said.err;
    EXPECT_THAT(said.err, HasSubstr("/nowhere/x.gguf")) << command;
  }
}

TEST(MotleyServe, HelpNamesItsOptions) {
  EXPECT_THAT(RunProgram({"serve", "--help"}).out, HasSubstr("--listen"));
}

TEST(MotleyPlan, AFileThatIsNoJsonIsToldWhere) {
  const TestFolder folder;
  std::ofstream(folder / "m.json") << "{\"schema\": NaN}";
  Child child =
      StartProgram(folder, {"plan", "--machine", folder / "m.json", "--workload", "w.json"});
  const Said said = Finish(folder, child);
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr("column 12"));
}

TEST(MotleyRun, ADeviceListDoesNotTakeThePromptAlong) {
  const TestFolder folder;
  std::ofstream(folder / "x.gguf") << "GGUF" << std::string(100, 'x');
  Child child = StartProgram(folder, {"run", folder / "x.gguf", "--devices", "cpu0", "hi"});
  EXPECT_THAT(Finish(folder, child).err, HasSubstr("version"));
}

TEST(MotleyRun, NoPromptIsAUsageError) {
  const TestFolder folder;
  std::ofstream(folder / "x.gguf") << "GGUF";
  Child child = StartProgram(folder, {"run", folder / "x.gguf"});
  const Said said = Finish(folder, child);
  EXPECT_EQ(said.status, 2);
  EXPECT_THAT(said.err, HasSubstr("there is no prompt"));
}

TEST(MotleyRun, ABadFileIsTheDaemonsErrorNotATimeout) {
  const TestFolder folder;
  std::ofstream(folder / "x.gguf") << "GGUF" << std::string(100, 'x');
  Child child = StartProgram(folder, {"run", folder / "x.gguf", "hi", "--json"});
  const Said said = Finish(folder, child);
  EXPECT_EQ(said.status, 1);
  const json answer = json::parse(said.out, nullptr, false);
  ASSERT_TRUE(answer.is_object()) << said.out;
  EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("version"));
  EXPECT_EQ(answer["error"]["message"].get<std::string>().find("motleyd ended"), std::string::npos)
      << "the cause is missing: " << said.out;
}

TEST(MotleyRun, JsonCarriesMeasuredAndPredicted) {
  MODEL_OR_SKIP();
  const Said said = RunProgram({"run", model, "Say hi.", "-n", "4", "--temp", "0", "--json",
                                "--devices", "cpu0", "--ctx", "256"});
  ASSERT_EQ(said.status, 0) << said.err;
  const json answer = json::parse(said.out, nullptr, false);
  ASSERT_TRUE(answer.is_object()) << said.out;
  EXPECT_EQ(answer["timings"]["predicted_n"], 4);
  EXPECT_EQ(answer["tokens"].size(), 4u);
  EXPECT_FALSE(answer["text"].get<std::string>().empty());
  EXPECT_GT(answer["predicted"]["decode_tokens_per_s"], 0);
  EXPECT_EQ(answer["stages"][0]["device"], "cpu0");
}

TEST(MotleyRun, PipedInputStandsBehindThePrompt) {
  MODEL_OR_SKIP();
  const std::vector<std::string> tail = {"--raw",  "-n",        "1",    "--temp", "0",
                                         "--json", "--devices", "cpu0", "--ctx",  "256"};
  std::vector<std::string> piped = {"run", model, "one"}, whole = {"run", model, "one\n\ntwo"};
  piped.insert(piped.end(), tail.begin(), tail.end());
  whole.insert(whole.end(), tail.begin(), tail.end());
  const json a = json::parse(RunProgram(piped, "two\n").out, nullptr, false);
  const json b = json::parse(RunProgram(whole).out, nullptr, false);
  ASSERT_TRUE(a.is_object() && b.is_object());
  EXPECT_EQ(a["timings"]["prompt_n"], b["timings"]["prompt_n"]);
  EXPECT_EQ(a["text"], b["text"]);
}

TEST(MotleyRun, AnInterruptEndsTheDaemonAndExits130) {
  MODEL_OR_SKIP();
  const TestFolder folder;
  setenv("TMPDIR", (folder / "").c_str(), 1);
  Child child = StartProgram(
      folder, {"run", model, "Tell a very long story.", "-n", "4000", "--devices", "cpu0"});
  for (int i = 0; i < 6000 && Contents(folder / "out").empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  child.Signal(SIGINT);
  const Said said = Finish(folder, child);
  unsetenv("TMPDIR");
  EXPECT_EQ(said.status, 130) << said.err;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "")) {
    EXPECT_EQ(entry.path().filename().string().find("motley-run"), std::string::npos)
        << entry.path();
  }
}

// The process that `parent` started.
pid_t ChildOf(pid_t parent) {
  const std::string pid = std::to_string(parent);
  return std::atoi(Contents("/proc/" + pid + "/task/" + pid + "/children").c_str());
}

//   motley run ---> motleyd ---> motley-worker
//    SIGKILL         must end
TEST(MotleyRun, AKilledCommandTakesItsDaemonAlong) {
  MODEL_OR_SKIP();
  const TestFolder folder;
  Child child = StartProgram(
      folder, {"run", model, "Tell a very long story.", "-n", "4000", "--devices", "cpu0"});
  for (int i = 0; i < 6000 && Contents(folder / "out").empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const pid_t daemon = ChildOf(child.pid());
  ASSERT_GT(daemon, 0) << Contents(folder / "err");
  const Fd alive(static_cast<int>(syscall(SYS_pidfd_open, daemon, 0)));
  ASSERT_TRUE(alive.valid());
  child.Signal(SIGKILL);
  EXPECT_EQ(Finish(folder, child).status, 128 + SIGKILL);
  pollfd ended{alive.get(), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 60'000), 1) << "motleyd outlives its command";
}

TEST(MotleyPs, NobodyThereIsExit4WithHowToStartOne) {
  const TestFolder folder;
  Child child = StartProgram(folder, {"ps", "--host", "unix:" + (folder / "none.sock")});
  const Said said = Finish(folder, child);
  EXPECT_EQ(said.status, 4);
  EXPECT_THAT(said.err, HasSubstr("motley serve"));
}

TEST(MotleyPs, AHostThatIsNoneIsAUsageError) {
  EXPECT_EQ(RunProgram({"ps", "--host", "nonsense"}).status, 2);
}

TEST(MotleyConformance, NamesTheKnownOpsAndTypes) {
  const Said op = RunProgram({"conformance", "--op", "sing"});
  EXPECT_EQ(op.status, 2);
  EXPECT_THAT(op.err, HasSubstr("rms_norm"));
  const Said type = RunProgram({"conformance", "--type", "Q9_X"});
  EXPECT_EQ(type.status, 2);
  EXPECT_THAT(type.err, HasSubstr("Q4_K"));
}

TEST(MotleyConformance, TheCpuPassesAnOp) {
  const Said said = RunProgram({"conformance", "--op", "rms_norm", "--json"});
  EXPECT_EQ(said.status, 0) << said.err;
  const json report = json::parse(said.out, nullptr, false);
  EXPECT_EQ(report["device"], "cpu0");
  EXPECT_EQ(report["results"][0]["failed"], 0);
}

//   {"bos_token","messages"} -> template: as jinja2 with these variables, nothing brought into form
TEST(MotleyTemplate, RendersWhatIsOnStdinAsItIs) {
  const TestFolder folder;
  std::ofstream(folder / "t.jinja") << "{{ bos_token }}{{ messages[0].calls | tojson }}"
                                       "{{ messages[0].content is defined }}{{ eos_token }}";
  const char* request = R"({"messages":[{"role":"x","calls":"{\"a\": 1}"}],"bos_token":"<s>"})";
  Child child = StartProgram(folder, {"template", folder / "t.jinja"}, request);
  const Said said = Finish(folder, child);
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(said.out, R"(<s>"{\"a\": 1}"False)");
}

TEST(MotleyTokenize, RoundTripsThroughIds) {
  MODEL_OR_SKIP();
  const Said ids = RunProgram({"tokenize", model, "--json"}, "Hello world");
  EXPECT_EQ(ids.out, "{\"tokens\":[19556,905]}\n");
  EXPECT_EQ(RunProgram({"detokenize", model}, ids.out).out, "Hello world");
}

// A box of one slow processor and a model of 4 GB.
class WhatIf : public testing::Test {
 protected:
  WhatIf() {
    Write("m.json", R"({"schema":"motley.machine/1","devices":[{"id":"cpu0","kind":"cpu",
        "memory_bytes":16e9,"peak":{"bytes_per_s":2e10,"f16_flops":2e11,"int8_ops":1e12}}],
        "default_link":{"latency_us":5,"bytes_per_s":1e10}})");
    std::string items = R"({"name":"embed","weight_bytes":1e8})";
    for (int i = 0; i < 32; ++i) {
      items += R"(,{"name":"layer.)" + std::to_string(i) +
               R"(","weight_bytes":1.2e8,"flops_per_token":4e8})";
    }
    Write("w.json", R"({"schema":"motley.workload/1","hidden_bytes_per_token":16384,
        "kv_bytes_per_token_layer":4096,"context_tokens":4096,"items":[)" +
                        items + R"(,{"name":"head","weight_bytes":1e8,"flops_per_token":2e8}]})");
  }
  void Write(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  json Ask(std::vector<std::string> words) {
    std::vector<std::string> all = {"whatif",     "--machine",        folder_ / "m.json",
                                    "--workload", folder_ / "w.json", "--json"};
    all.insert(all.end(), words.begin(), words.end());
    const Said said = RunProgram(all);
    status_ = said.status;
    return json::parse(said.out, nullptr, false);
  }
  const std::filesystem::path folder_ = testing::TempDir();
  int status_ = -1;
};

TEST_F(WhatIf, ACardMakesOneRequestFasterAndSaysOnWhat) {
  const json out = Ask({"--add", "rtx-3090,rtx-3090*2"});
  ASSERT_EQ(status_, 0) << out;
  const json& rows = out["scenarios"];
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["change"], "now");
  const auto itl = [&](size_t i) { return rows[i]["latency"]["predicted"]["itl_s"].get<double>(); };
  EXPECT_LT(itl(1), itl(0) / 5);
  EXPECT_LE(itl(2), itl(1));
  EXPECT_THAT(rows[1]["latency"]["predicted"]["prior"], testing::Contains("rtx-3090"));
  EXPECT_GT(rows[2]["added_w"], rows[1]["added_w"]);
}

TEST_F(WhatIf, RankingPutsTheQuickestFirst) {
  const json out = Ask({"--rank", "5"});
  ASSERT_EQ(status_, 0) << out;
  ASSERT_EQ(out["scenarios"].size(), 6u);
  double before = 0;
  for (size_t i = 1; i < 6; ++i) {
    const double value = out["scenarios"][i]["latency"]["proof"]["value"];
    EXPECT_GE(value, before);
    before = value;
  }
}

TEST_F(WhatIf, NoCardAndAnUnknownOneAreErrors) {
  EXPECT_EQ(Ask({})["error"]["code"], "InvalidArgument");
  EXPECT_EQ(status_, 2);
  EXPECT_EQ(Ask({"--add", "rtx-9999"})["error"]["code"], "NotFound");
  EXPECT_EQ(status_, 3);
}

TEST_F(WhatIf, WithoutItsOnlyDeviceNothingFitsUntilACardIsThere) {
  const json out = Ask({"--without", "cpu0", "--add", "rtx-3090"});
  ASSERT_EQ(status_, 0) << out;
  EXPECT_TRUE(out["scenarios"][0]["latency"].is_null());
  EXPECT_FALSE(out["scenarios"][0]["reason"].is_null());
  EXPECT_FALSE(out["scenarios"][1]["latency"].is_null());
}

}  // namespace
}  // namespace motley
