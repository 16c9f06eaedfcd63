// docs/how-motley-plans.md says nothing that this does not recompute from the files printed in it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/os.h"
#include "scheduler/partition/partitioner.h"

namespace motley {
namespace {

using ::testing::HasSubstr;

class WorkedExample : public ::testing::Test {
 protected:
  void SetUp() override {
    auto text = ReadFile(MOTLEY_DOCS "/how-motley-plans.md", 1 << 20);
    ASSERT_TRUE(text.ok()) << text.error().message;
    text_ = text.ReleaseValue();
    machine_ = *MachineFromJson(nlohmann::json::parse(Block("machine")));
    workload_ = *WorkloadFromJson(nlohmann::json::parse(Block("workload")));
  }

  std::string Block(const std::string& name) const {
    const std::string opening = "```json " + name + "\n";
    const size_t start = text_.find(opening) + opening.size();
    return text_.substr(start, text_.find("```", start) - start);
  }

  // A row of the page's table, in whole microseconds.
  std::string Row(const std::vector<Stage>& stages) const {
    const auto latency = Evaluate(machine_, workload_, latency_, stages);
    const auto bottleneck = Evaluate(machine_, workload_, bottleneck_, stages);
    EXPECT_TRUE(latency.ok() && bottleneck.ok());
    const auto whole = [](double us) { return std::to_string(std::lround(us)); };
    std::string placement;
    for (const Stage& stage : stages) {
      placement += (placement.empty() ? "" : ", ") + stage.device + " " +
                   std::to_string(stage.first_item) + "-" + std::to_string(stage.last_item);
    }
    return "| " + placement + " | " + whole(latency->predicted.ttft_s * 1e6) + " | " +
           whole(latency->predicted.itl_s * 1e6) + " | " + whole(latency->proof.value) + " | " +
           whole(bottleneck->proof.value) + " |\n";
  }

  std::string text_;
  MachineProfile machine_;
  Workload workload_;
  const Objective latency_{ObjectiveKind::kLatency, 100, 10};
  const Objective bottleneck_{ObjectiveKind::kBottleneck, 100, 10};
};

TEST_F(WorkedExample, TheTableIsWhatTheEvaluatorSays) {
  EXPECT_THAT(text_, HasSubstr(Row({{"cpu0", 0, 1}, {"gpu0", 2, 5}})));
  EXPECT_THAT(text_, HasSubstr(Row({{"gpu0", 0, 3}, {"cpu0", 4, 5}})));
  EXPECT_THAT(text_, HasSubstr(Row({{"cpu0", 0, 5}})));
  EXPECT_THAT(text_, HasSubstr(Row({{"cpu0", 0, 1}, {"fpga0", 2, 2}, {"gpu0", 3, 5}})));
}

TEST_F(WorkedExample, TheFirstRowIsTheBestForLatency) {
  const auto plan = Partition(machine_, workload_, latency_);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(Row(plan->stages()), Row({{"cpu0", 0, 1}, {"gpu0", 2, 5}}));
  EXPECT_THAT(text_, HasSubstr("binding: " + plan->proof.binding + "\n"));
  ASSERT_EQ(plan->unused.size(), 1u);
  EXPECT_THAT(text_, HasSubstr("unused fpga0: " + plan->unused[0].reason + "\n"));
}

TEST_F(WorkedExample, TheLastRowIsTheBestForTheBottleneck) {
  const auto plan = Partition(machine_, workload_, bottleneck_);
  ASSERT_TRUE(plan.ok());
  EXPECT_DOUBLE_EQ(plan->proof.value, 51);
  EXPECT_TRUE(plan->unused.empty());
}

TEST_F(WorkedExample, TheShortageReadsAsPrinted) {
  machine_.devices.resize(1);
  const auto plan = Partition(machine_, workload_, latency_);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(text_, HasSubstr("    " + plan.error().message + "\n"));
  EXPECT_THAT(text_, HasSubstr("    " + plan.error().remedy + "\n"));
}

TEST_F(WorkedExample, ManyRequestsAreServedAsPrinted) {
  const auto machine = *MachineFromJson(nlohmann::json::parse(Block("serving-machine")));
  const auto workload = *WorkloadFromJson(nlohmann::json::parse(Block("serving-workload")));
  const Objective objective{ObjectiveKind::kThroughput, 100, 100};
  const auto plan = Partition(machine, workload, objective);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const auto shown = [](double tokens_per_s) {
    char text[32];
    std::snprintf(text, sizeof text, "= %.1f tok/s\n", tokens_per_s);
    return std::string(text);
  };
  EXPECT_EQ(plan->stages().size(), 2u);
  EXPECT_EQ(plan->proof.method, "exact");
  EXPECT_EQ(plan->proof.binding, "gpu1 compute");
  EXPECT_THAT(text_, HasSubstr("+ 132 + 48) us        " + shown(plan->proof.value)));
  EXPECT_EQ(plan->alternatives[0].change, "without gpu1");
  const double alone = plan->alternatives[0].value;
  EXPECT_THAT(text_, HasSubstr("(1140 + 160)) us                    " + shown(alone)));
  EXPECT_THAT(text_, HasSubstr("half on each                        " + shown(2 * alone)));
}

TEST_F(WorkedExample, PlanningFromFilesIsTheSame) {
  std::string folder = ::testing::TempDir() + "motley-plan-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_TRUE(WriteFileAtomically(folder + "/m.json", Block("machine")).ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/w.json", Block("workload")).ok());
  ASSERT_TRUE(WriteFileAtomically(folder + "/bad.json", "{\"schema\":").ok());
  const auto plan = PlanFromFiles(folder + "/m.json", folder + "/w.json", latency_);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_EQ(plan->id, Partition(machine_, workload_, latency_)->id);

  const auto swapped = PlanFromFiles(folder + "/w.json", folder + "/m.json", latency_);
  ASSERT_FALSE(swapped.ok());
  EXPECT_EQ(swapped.error().field, "schema");
  EXPECT_THAT(swapped.error().message, HasSubstr("w.json"));
  const auto broken = PlanFromFiles(folder + "/m.json", folder + "/bad.json", latency_);
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code, Code::kInvalidArgument);
  EXPECT_THAT(broken.error().message, HasSubstr("bad.json"));
  EXPECT_EQ(PlanFromFiles(folder + "/none", folder + "/w.json", latency_).error().code,
            Code::kNotFound);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace motley
