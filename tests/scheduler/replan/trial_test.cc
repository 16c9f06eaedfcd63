#include "scheduler/replan/trial.h"

#include <gtest/gtest.h>

namespace motley {
namespace {

TrialVerdict After(std::vector<double> rates) {
  MoveTrial trial(100);
  TrialVerdict verdict = TrialVerdict::kOpen;
  for (const double rate : rates) verdict = trial.Step(rate);
  return verdict;
}

TEST(MoveTrial, KeepsWhatIsAsFastAsBefore) {
  EXPECT_EQ(After(std::vector<double>(49, 100)), TrialVerdict::kOpen);
  EXPECT_EQ(After(std::vector<double>(50, 97)), TrialVerdict::kKeep);
}

TEST(MoveTrial, TakesBackWhatIsSlower) {
  EXPECT_EQ(After(std::vector<double>(50, 96.9)), TrialVerdict::kRollBack);
}

TEST(MoveTrial, AFewBadStepsAreNotThePlan) {
  std::vector<double> rates(50, 120);
  for (size_t i = 0; i < 10; ++i) rates[i] = 0;
  EXPECT_EQ(After(rates), TrialVerdict::kKeep);
}

}  // namespace
}  // namespace motley
