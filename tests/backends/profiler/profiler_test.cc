#include "backends/profiler.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>
#include <set>

#include "backends/profiler/cpu_roof.h"
#include "backends/profiler/sweep.h"
#include "backends/profiler/time_point.h"
#include "kernels/registry.h"

namespace motley {
namespace {

using profiler::Patience;
using profiler::PointTimer;
using profiler::Sweep;

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

struct Opened {
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Device> device;
};

Opened Open(const char* backend, const char* id) {
  auto loaded = LoadBackend(backend);
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
  Opened out;
  out.backend = loaded.ReleaseValue();
  auto device = out.backend->Open(id, {});
  EXPECT_TRUE(device.ok()) << device.error().message;
  out.device = device.ReleaseValue();
  return out;
}

struct Heard {
  std::vector<OpPoint> points;
  std::vector<SkippedSweep> skipped;
  std::vector<double> parts;
  std::optional<Result<SelfTest>> result;
};

// A hundredth of a second for each sweep.
ProfileOptions Short(std::vector<std::string> only) {
  ProfileOptions options = QuickProfile();
  options.only = std::move(only);
  options.sweep_s = 0.01;
  options.max_rows = 16;
  return options;
}

Heard Profile(Device& device, const ProfileOptions& options, int stop_after = 1 << 30) {
  Heard heard;
  ProfileSink sink;
  sink.point = [&](const OpPoint& p) {
    const auto same = std::ranges::find_if(
        heard.points, [&](const auto& q) { return q.sweep == p.sweep && q.where == p.where; });
    same == heard.points.end() ? heard.points.push_back(p) : void(*same = p);
  };
  sink.skipped = [&](const SkippedSweep& s) { heard.skipped.push_back(s); };
  sink.progress = [&](const std::string&, double part) { heard.parts.push_back(part); };
  sink.stop = [&] { return static_cast<int>(heard.points.size()) >= stop_after; };
  heard.result = RunProfile(device, options, sink, RealClock());
  return heard;
}

std::set<std::string> SweepsOf(const Heard& heard) {
  std::set<std::string> names;
  for (const OpPoint& p : heard.points) names.insert(p.sweep);
  return names;
}

void ExpectSensible(const OpPoint& p) {
  EXPECT_GT(p.us, 0) << p.sweep << " " << p.where;
  EXPECT_TRUE(std::isfinite(p.us) && std::isfinite(p.spread) && std::isfinite(p.waited));
  EXPECT_GE(p.samples, 3) << p.sweep << " " << p.where;
  EXPECT_GE(p.attempts, 1);
  EXPECT_LE(p.attempts, 9);  // three in each visit
  EXPECT_GE(p.x, 1);
  EXPECT_GT(p.bytes + p.flops, 0);
}

TEST(Profiler, EverySweepOfTheCpuHasAPoint) {
  const Opened cpu = Open("cpu", "cpu0");
  ProfileOptions options = Short({});
  options.self_test = false;
  options.total_s = 0;
  const Heard heard = Profile(*cpu.device, options);
  ASSERT_TRUE(heard.result->ok()) << heard.result->error().message;
  EXPECT_EQ(SweepsOf(heard).size() + heard.skipped.size(), ProfileSweeps().size());
  for (const OpPoint& p : heard.points) ExpectSensible(p);
  for (const SkippedSweep& s : heard.skipped) EXPECT_TRUE(s.sweep.starts_with("roof.")) << s.sweep;
}

TEST(Profiler, OnADeviceThatIsNoCpuTheRoofsAreSkippedWithTheReason) {
  const Opened fake = Open("fake", "fake0");
  const Heard heard = Profile(*fake.device, Short({"roof", "launch", "gemm.q4_0"}));
  ASSERT_TRUE(heard.result->ok()) << heard.result->error().message;
  EXPECT_GT(heard.result->value().cases, 0);
  EXPECT_EQ(heard.skipped.size(), 3u);
  EXPECT_EQ(SweepsOf(heard), (std::set<std::string>{"launch", "gemm.q4_0"}));
}

TEST(Profiler, ADeviceThatOnlyMultipliesIsProfiledForThat) {
  const Variable ops("MOTLEY_FAKE_OPS", "mul_mat");
  const Opened fake = Open("fake", "fake0");
  const Heard heard = Profile(*fake.device, Short({"gemm.q8_0", "attention", "small", "launch"}));
  ASSERT_TRUE(heard.result->ok()) << heard.result->error().message;
  EXPECT_EQ(SweepsOf(heard), std::set<std::string>{"gemm.q8_0"});
  EXPECT_EQ(heard.skipped.size(), 4u);
}

TEST(Profiler, WrongNumbersAreFoundBeforeTheirOpIsTimed) {
  const Variable fault("MOTLEY_FAKE_FAULT", "wrong@step 1");
  const Opened fake = Open("fake", "fake0");
  const Heard heard = Profile(*fake.device, Short({"gemm.q5_k"}));
  ASSERT_TRUE(heard.result->ok()) << heard.result->error().message;
  EXPECT_FALSE(heard.result->value().ok());
  EXPECT_EQ(heard.result->value().op, "mul_mat");
  EXPECT_EQ(heard.result->value().type, "Q5_K");
  EXPECT_TRUE(heard.points.empty());
}

TEST(Profiler, ALostDeviceIsAnError) {
  const Variable fault("MOTLEY_FAKE_FAULT", "lose@step 3");
  const Opened fake = Open("fake", "fake0");
  ProfileOptions options = Short({"launch", "gemm"});
  options.self_test = false;
  const Heard heard = Profile(*fake.device, options);
  ASSERT_FALSE(heard.result->ok());
  EXPECT_EQ(heard.result->error().code, Code::kDeviceLost);
}

TEST(Profiler, StopsAndKeepsWhatItHas) {
  const Opened cpu = Open("cpu", "cpu0");
  ProfileOptions options = Short({"copy", "gemm"});
  options.sweep_s = 60;
  const Heard heard = Profile(*cpu.device, options, 4);
  ASSERT_TRUE(heard.result->ok());
  EXPECT_EQ(heard.points.size(), 4u);
}

// Its clock runs away as soon as a device is asked for the time.
class Late : public Clock {
 public:
  int64_t NowNs() override { return now_ += 20'000'000; }
  int64_t WallNs() override { return now_; }

 private:
  int64_t now_ = 0;
};

TEST(Profiler, WhatTheBudgetLeavesNoTimeForIsSaid) {
  const Opened fake = Open("fake", "fake0");
  ProfileOptions options = QuickProfile();
  options.self_test = false;
  options.max_rows = 16;
  Heard heard;
  ProfileSink sink;
  sink.point = [&](const OpPoint& p) { heard.points.push_back(p); };
  sink.skipped = [&](const SkippedSweep& s) { heard.skipped.push_back(s); };
  Late clock;
  ASSERT_TRUE(RunProfile(*fake.device, options, sink, clock).ok());
  ASSERT_FALSE(heard.points.empty());
  EXPECT_EQ(heard.points[0].sweep, "launch");
  EXPECT_EQ(SweepsOf(heard).size() + heard.skipped.size(), ProfileSweeps().size());
  EXPECT_EQ(heard.skipped.back().reason, "no time was left for it");
}

TEST(Profiler, ProgressRisesToOne) {
  const Opened cpu = Open("cpu", "cpu0");
  const Heard heard = Profile(*cpu.device, Short({"launch", "copy", "small"}));
  ASSERT_FALSE(heard.parts.empty());
  EXPECT_TRUE(std::ranges::is_sorted(heard.parts));
  EXPECT_EQ(heard.parts.back(), 1);
}

TEST(Profiler, AnUnknownSweepIsRefusedWithTheNearest) {
  const Opened fake = Open("fake", "fake0");
  const Heard heard = Profile(*fake.device, Short({"gemm.q4_9"}));
  ASSERT_FALSE(heard.result->ok());
  EXPECT_EQ(heard.result->error().code, Code::kInvalidArgument);
  EXPECT_NE(heard.result->error().message.find("gemm.q4_"), std::string::npos);
}

// Turns its clock with every call; the first sample of an attempt may be odd.
class Scripted : public Sweep {
 public:
  explicit Scripted(ManualClock& clock) : clock_(clock) {
    points_.resize(1);
    points_[0].bytes = 1;
  }
  const std::vector<OpPoint>& points() const override { return points_; }
  Status Prepare(size_t) override { return {}; }
  Status Run(size_t, int calls) override {
    ++runs;
    for (int i = 0; i < calls; ++i) clock_.Advance(next ? next(runs) : 1'000'000);
    return {};
  }
  Status Judge(OpPoint* point) override {
    if (!judge) return {};
    return judge(point);
  }
  int runs = 0;
  std::function<int64_t(int)> next;
  std::function<Status(OpPoint*)> judge;

 private:
  ManualClock& clock_;
  std::vector<OpPoint> points_;
};

OpPoint Time(Scripted& sweep, ManualClock& clock, const Patience& patience) {
  const auto point = PointTimer(sweep, 0, clock).More(patience);
  EXPECT_TRUE(point.ok());
  return point.ok() ? *point : OpPoint();
}

TEST(PointTimer, IsTheMedianOfItsSamples) {
  ManualClock clock;
  Scripted sweep(clock);
  sweep.next = [](int run) { return 1'000'000 + run % 3 * 20'000; };
  const OpPoint point = Time(sweep, clock, {.sample_s = 0.03});
  EXPECT_NEAR(point.us, 1020, 1e-6);
  EXPECT_EQ(point.attempts, 1);
  EXPECT_EQ(point.left_out, 0);
}

TEST(PointTimer, SamplesFarSlowerThanTheQuickOnesAreLeftOut) {
  ManualClock clock;
  Scripted sweep(clock);
  sweep.next = [](int run) { return run % 3 ? 1'800'000 : 1'000'000; };  // two of three
  const OpPoint point = Time(sweep, clock, {.sample_s = 0.05});
  EXPECT_NEAR(point.us, 1000, 1e-6);
  EXPECT_GT(point.left_out, point.samples);
  EXPECT_EQ(point.spread, 0);
}

TEST(PointTimer, SamplesOfACoreThatRanSlowlyAreLeftOut) {
  ManualClock clock;
  Scripted sweep(clock);
  double slowdown = 1;
  sweep.next = [&](int run) {
    slowdown = run % 4 < 2 ? 1 : 1.3;  // the times alone tell too little
    return run % 4 < 2 ? 1'000'000 : 1'080'000;
  };
  const OpPoint point =
      Time(sweep, clock, {.sample_s = 0.05, .slowdown = [&] { return slowdown; }});
  EXPECT_NEAR(point.us, 1000, 1e-6);
  EXPECT_GT(point.left_out, 0);
}

TEST(PointTimer, AnotherVisitFindsTheMachineQuiet) {
  ManualClock clock;
  Scripted sweep(clock);
  PointTimer timer(sweep, 0, clock);
  sweep.next = [](int) { return 1'500'000; };
  const auto first = timer.More({.sample_s = 0.01});
  sweep.next = [](int) { return 1'000'000; };
  const auto second = timer.More({.sample_s = 0.01});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NEAR(first->us, 1500, 1e-6);
  EXPECT_NEAR(second->us, 1000, 1e-6);
  EXPECT_EQ(second->attempts, 2);
}

TEST(PointTimer, SamplesThatDoNotAgreeAreTakenAgain) {
  ManualClock clock;
  Scripted sweep(clock);
  sweep.next = [](int run) { return run < 12 ? 3'000'000 - run * 200'000 : 400'000; };
  const OpPoint point = Time(sweep, clock, {.sample_s = 0.005, .retry_s = 10});
  EXPECT_GT(point.attempts, 1);
  EXPECT_NEAR(point.us, 400, 1e-6);
}

TEST(PointTimer, WhatCannotBeTrueIsTakenAgainAndSaidAtLast) {
  ManualClock clock;
  Scripted sweep(clock);
  sweep.judge = [](OpPoint*) { return Error::Unavailable("faster than light"); };
  const OpPoint point = Time(sweep, clock, {.sample_s = 0.01, .retry_s = 10});
  EXPECT_EQ(point.attempts, 3);
  EXPECT_EQ(point.note, "faster than light");
}

TEST(PointTimer, ShortCallsAreTimedManyAtOnce) {
  ManualClock clock;
  Scripted sweep(clock);
  sweep.next = [](int) { return 1000; };
  EXPECT_NEAR(Time(sweep, clock, {.sample_s = 0.005}).us, 1, 1e-6);
  EXPECT_LT(sweep.runs, 70);
}

TEST(CpuRoof, ReadingStopsAtTheEnd) {
  if (!profiler::FloatRoof().loop) GTEST_SKIP() << "not on this CPU";
  constexpr size_t kBytes = 1 << 20, kPage = 4096;
  void* memory =
      mmap(nullptr, kBytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* bytes = static_cast<std::byte*>(memory);
  ASSERT_EQ(mprotect(bytes + kBytes, kPage, PROT_NONE), 0);
  profiler::ReadMemory(bytes, kBytes);
  munmap(memory, kBytes + kPage);
}

TEST(CpuRoof, TheInstructionsExistOnThisCpu) {
  for (const auto& roof : {profiler::FloatRoof(), profiler::Int8Roof()}) {
    if (!roof.loop) GTEST_SKIP() << "not on this CPU";
    roof.loop(10);  // an illegal instruction ends the test
    EXPECT_GT(roof.ops_per_loop, 0);
    EXPECT_LE(roof.least_per_cycle, roof.most_per_cycle);
  }
}

}  // namespace
}  // namespace motley
