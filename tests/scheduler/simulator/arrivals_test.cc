#include "scheduler/simulator/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>

namespace motley {
namespace {

TEST(Trace, IsReadByTheNamesOfItsColumns) {
  const auto trace = ParseTrace(
      "tenant,output_tokens,arrival_s,prompt_tokens\r\na,7,0,12\r\n\r\n\"b\",8,1.5,13\n", "t.csv");
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  ASSERT_EQ(trace->size(), 2u);
  EXPECT_DOUBLE_EQ((*trace)[1].at_s, 1.5);
  EXPECT_EQ((*trace)[1].prompt_tokens, 13);
  EXPECT_EQ((*trace)[0].output_tokens, 7);
}

TEST(Trace, ErrorsNameFileLineAndColumn) {
  const std::string header = "arrival_s,prompt_tokens,output_tokens\n";
  const auto wrong = [&](const std::string& text) {
    const auto trace = ParseTrace(text, "t.csv");
    return trace.ok() ? std::string() : trace.error().message;
  };
  EXPECT_EQ(wrong(header + "0,1,1\n0,x,1\n"),
            "t.csv:3: prompt_tokens is \"x\", must be a whole number from 1 to 16777216");
  EXPECT_NE(wrong(header + "0,1,0\n").find("t.csv:2: output_tokens is \"0\""), std::string::npos);
  EXPECT_NE(wrong(header + "-1,1,1\n").find("arrival_s"), std::string::npos);
  EXPECT_NE(wrong(header + "nan,1,1\n").find("arrival_s"), std::string::npos);
  EXPECT_NE(wrong(header + "0,1.5,1\n").find("prompt_tokens"), std::string::npos);
  EXPECT_NE(wrong(header + "0,1\n").find("output_tokens is \"\""), std::string::npos);
  EXPECT_NE(wrong(header + "2,1,1\n1,1,1\n").find("before the line above"), std::string::npos);
  EXPECT_NE(wrong(header).find("no requests"), std::string::npos);
  EXPECT_NE(wrong("time,in,out\n0,1,1\n").find("no column arrival_s"), std::string::npos);
  EXPECT_EQ(ReadTrace("/nowhere/t.csv").error().code, Code::kNotFound);
}

TEST(ArrivalWords, AreReadAndRefusedByName) {
  EXPECT_DOUBLE_EQ(ParseArrivals("poisson:2.5")->rate_rps, 2.5);
  EXPECT_EQ(ParseArrivals("offline:30")->count, 30u);
  for (const char* wrong : {"poisson", "poisson:0", "poisson:-1", "poisson:x", "offline:1.5",
                            "burst:3", "", "poisson:inf", "poisson:1:2"}) {
    const auto parsed = ParseArrivals(wrong);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_EQ(parsed.error().field, "arrivals");
  }
  EXPECT_EQ(ParseLengths("in:512,out:128:fixed")->output.kind, LengthDistribution::Kind::kFixed);
  for (const char* wrong :
       {"in:512", "out:1,in:2", "in:0,out:1", "in:1,out:1:often", "in:1e9,out:1"}) {
    EXPECT_FALSE(ParseLengths(wrong).ok()) << wrong;
  }
}

std::vector<Arrival> Draw(double rate, double seconds, uint64_t seed) {
  return *DrawArrivals(
      {ArrivalProcess::Kind::kPoisson, rate},
      {{LengthDistribution::Kind::kExponential, 100}, {LengthDistribution::Kind::kFixed, 9}},
      seconds, seed);
}

TEST(DrawArrivals, HasTheRateAndTheMeansAskedFor) {
  const auto arrivals = Draw(50, 4000, 3);
  const auto count = static_cast<double>(arrivals.size());
  double sum = 0, square = 0;
  for (const Arrival& arrival : arrivals) {
    ASSERT_GE(arrival.prompt_tokens, 1);
    EXPECT_EQ(arrival.output_tokens, 9);
    sum += arrival.prompt_tokens;
    square += double(arrival.prompt_tokens) * arrival.prompt_tokens;
  }
  EXPECT_NEAR(count, 200000, 4 * std::sqrt(200000));
  EXPECT_NEAR(sum / count, 100, 1);
  // Geometric: variance m (m - 1).
  EXPECT_NEAR(square / count - (sum / count) * (sum / count), 9900, 300);
}

TEST(DrawArrivals, LengthsDependOnSeedAndNumberAlone) {
  const auto slow = Draw(1, 100, 3), fast = Draw(10, 100, 3), other = Draw(10, 100, 4);
  int differ = 0;
  for (size_t i = 0; i < slow.size(); ++i) {
    EXPECT_EQ(slow[i].prompt_tokens, fast[i].prompt_tokens);
    EXPECT_NEAR(slow[i].at_s, 10 * fast[i].at_s, 1e-9);
    differ += fast[i].prompt_tokens != other[i].prompt_tokens;
  }
  EXPECT_GT(differ, static_cast<int>(slow.size()) / 2);
}

TEST(DrawArrivals, RefusesMoreThanMemoryHolds) {
  EXPECT_FALSE(DrawArrivals({ArrivalProcess::Kind::kPoisson, 1e9}, {}, 1e9, 0).ok());
}

}  // namespace
}  // namespace motley
