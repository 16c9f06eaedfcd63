// Teacher-forced runs of the demo models against the exact reference. MOTLEY_GOLDEN_PROMPTS says
// how many prompts of each (default 4; 0: all); MOTLEY_GOLDEN_DEVICE the device ("cpu:cpu0",
// "opencl:ocl0").

#include "tests/engine/exec/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>

#include "backends/backend.h"
#include "engine/exec/stage.h"

namespace motley {
namespace {

constexpr int kBlockTokens = 32;
// Over the few hundred steps of the peer's prompts chance moves a mean by several per cent;
// tests/e2e/golden_test.py holds all prompts to 5 %.
constexpr double kSlack = 1.15;

struct Loaded {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Device> device;
  std::vector<std::unique_ptr<Stage>> stages;
};

// The whole model on one device, cut into stages at the given layers.
Result<Loaded> Load(const std::string& path, const std::string& backend, const std::string& id,
                    const std::vector<int>& cuts) {
  Loaded out;
  out.backend = TRY(LoadBackend(backend));
  out.device = TRY(out.backend->Open(id, {}));
  const Manifest manifest = TRY(ParseGguf(path));
  const ModelGraph graph = TRY(BuildGraph(manifest));
  StageShape shape{
      .max_rows = 512, .max_sequences = 4, .kv_blocks = 32, .block_tokens = kBlockTokens};
  const int items = static_cast<int>(graph.items.size());
  for (size_t i = 0; i <= cuts.size(); ++i) {
    shape.first_item = i == 0 ? 0 : cuts[i - 1];
    shape.last_item = i == cuts.size() ? items - 1 : cuts[i] - 1;
    out.stages.push_back(TRY(Stage::Load(manifest, graph, *out.device, nullptr, shape, nullptr)));
  }
  return out;
}

// The prompt and all greedy tokens but the last, with the log-probabilities at each step of the
// generation.
Batch TeacherForced(const GoldenPrompt& prompt) {
  Batch batch;
  std::vector<int32_t> tokens = prompt.tokens;
  tokens.insert(tokens.end(), prompt.greedy.begin(), prompt.greedy.end() - 1);
  BatchSequence& sequence = batch.sequences.emplace_back();
  sequence.sampling.temperature = 0;
  sequence.blocks.resize((tokens.size() + kBlockTokens - 1) / kBlockTokens);
  std::iota(sequence.blocks.begin(), sequence.blocks.end(), 0);
  for (size_t i = 0; i < tokens.size(); ++i) {
    batch.rows.push_back({tokens[i], static_cast<int32_t>(i), 0});
    if (i + 1 >= prompt.tokens.size())
      batch.outputs.push_back({.row = static_cast<int32_t>(i), .logprobs = 20});
  }
  return batch;
}

Result<std::vector<TokenLogprob>> RunAll(const Loaded& model, const Batch& batch) {
  std::vector<TokenLogprob> results;
  std::vector<float> in, out;
  for (const auto& stage : model.stages) {
    out.assign(stage->has_head() ? 0 : batch.rows.size() * static_cast<size_t>(stage->hidden()), 0);
    TRY(stage->Run(batch, in, out, &results));
    in = out;
  }
  return results;
}

struct Score {
  int steps = 0, agree = 0, values = 0, sure_wrong = 0;
  double sum_chosen = 0;          // of |log-probability difference| of the reference's own token
  double sum_top = 0, worst = 0;  // the same over its ten
  void Add(const GoldenPrompt& prompt, const std::vector<TokenLogprob>& results) {
    for (size_t i = 0; i < results.size(); ++i) {
      const std::map<int32_t, float> ours(results[i].top.begin(), results[i].top.end());
      ++steps;
      const bool same = results[i].token == prompt.greedy[i];
      agree += same;
      sure_wrong += !same && prompt.margins[i] > 0.02;
      for (const auto& [token, logprob] : prompt.top[i]) {
        const auto at = ours.find(token);
        if (at == ours.end()) continue;  // so unlikely here that it is out of our twenty
        const double difference = std::abs(at->second - logprob);
        if (token == prompt.greedy[i]) sum_chosen += difference;
        sum_top += difference;
        worst = std::max(worst, difference);
        ++values;
      }
    }
  }
  double mean_chosen() const { return sum_chosen / steps; }
  double mean_top() const { return sum_top / values; }
  double agreement() const { return static_cast<double>(agree) / steps; }
};

size_t PromptCount(const Golden& golden, size_t otherwise) {
  const char* text = std::getenv("MOTLEY_GOLDEN_PROMPTS");
  const size_t wanted = text ? static_cast<size_t>(std::atoi(text)) : otherwise;
  return wanted == 0 ? golden.prompts.size() : std::min(wanted, golden.prompts.size());
}

Score RunGolden(const std::string& name, const Loaded& model, size_t otherwise) {
  const Golden golden = LoadGolden(name);
  Score score;
  for (size_t i = 0; i < PromptCount(golden, otherwise); ++i) {
    const auto results = RunAll(model, TeacherForced(golden.prompts[i]));
    EXPECT_TRUE(results.ok()) << results.error().message;
    if (results.ok()) score.Add(golden.prompts[i], *results);
  }
  std::printf("%s: %d steps, top-1 %.4f, mean |dlogprob| %.5f chosen, %.5f top ten, worst %.4f\n",
              name.c_str(), score.steps, score.agreement(), score.mean_chosen(), score.mean_top(),
              score.worst);
  return score;
}

class GoldenModels : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    path_ = GoldenModel(GetParam());
    if (path_.empty())
      GTEST_SKIP() << "no " << GetParam() << " in $MOTLEY_MODELS (scripts/models fetches it)";
  }
  std::string path_;
};

TEST_P(GoldenModels, RefLevelIsExact) {
  setenv("MOTLEY_KERNELS", "ref", 1);
  const auto model = Load(path_, "cpu", "cpu0", {});
  unsetenv("MOTLEY_KERNELS");
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Score score = RunGolden(GetParam(), *model, 1);
  EXPECT_EQ(score.sure_wrong, 0);
  EXPECT_LE(score.worst, 0.02);
}

TEST_P(GoldenModels, FastLevelsAreNoFurtherFromExactThanLlamaCpp) {
  const char* chosen = std::getenv("MOTLEY_GOLDEN_DEVICE");
  const std::string device = chosen ? chosen : "cpu:cpu0";
  const auto colon = device.find(':');
  const auto model = Load(path_, device.substr(0, colon), device.substr(colon + 1), {});
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Golden golden = LoadGolden(GetParam());
  const Score score = RunGolden(GetParam(), *model, golden.peer_prompts);
  EXPECT_LE(score.mean_chosen(), golden.peer_chosen * kSlack);
  EXPECT_LE(score.mean_top(), golden.peer_top * kSlack);
  EXPECT_GE(score.agreement(), golden.peer_top1_agree / kSlack);
}

TEST_P(GoldenModels, CuttingTheModelIntoStagesChangesNothing) {
  const auto whole = Load(path_, "cpu", "cpu0", {}), cut = Load(path_, "cpu", "cpu0", {5, 6, 12});
  ASSERT_TRUE(whole.ok() && cut.ok());
  const Batch batch = TeacherForced(LoadGolden(GetParam()).prompts[0]);
  const auto a = RunAll(*whole, batch), b = RunAll(*cut, batch);
  ASSERT_TRUE(a.ok() && b.ok());
  for (size_t i = 0; i < a->size(); ++i) {
    EXPECT_EQ((*a)[i].token, (*b)[i].token);
    EXPECT_EQ((*a)[i].logprob, (*b)[i].logprob);
  }
}

INSTANTIATE_TEST_SUITE_P(Demo, GoldenModels,
                         testing::Values("smollm2-135m-q4_1", "gemma-3-270m-q4_k_m"),
                         [](const auto& info) {
                           return info.param.substr(0, info.param.find('-'));
                         });

}  // namespace
}  // namespace motley
