#include "scheduler/cost_model/refine.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "hwprofiles/json_fields.h"

namespace motley {
namespace {

constexpr double kForgetting = 0.995, kPriorVariance = 0.04, kLeast = 0.5, kMost = 2;
constexpr double kNoiseVariance = 0.05 * 0.05;  // of a step's time, as a share
constexpr double kHuber = 3;
constexpr double kHalfLifeSteps = 50;
constexpr double kPull = 8, kRemembered = 64;  // steps
constexpr double kLargestLog = 3;              // a step 20 times off is no news of the device
// What one step moves a mean by is bounded as if it were off by so much: what disturbs steps makes
// them slower, never faster. The first steps are few enough to say anything.
constexpr double kSurprise = 0.3;
constexpr uint64_t kFirstSteps = 10;
constexpr size_t kDirections = 3;
constexpr size_t kMostSizes = 4096;

double Sum(const ClassTimes& parts) { return std::accumulate(parts.begin(), parts.end(), 0.0); }

double Bounded(double news, bool first) {
  const double most = first ? kLargestLog : kSurprise;
  return std::clamp(news, -most, most);
}

uint32_t Octave(double value) {
  return value < 1 ? 0 : 1 + static_cast<uint32_t>(std::min(std::floor(std::log2(value)), 40.0));
}

}  // namespace

Refiner::Refiner() {
  theta_.fill(1);
  for (size_t k = 0; k < kCostClasses; ++k) covariance_[k][k] = kPriorVariance;
}

double Refiner::scale() const { return std::exp(log_scale_); }

// Never 0: that is no size.
uint32_t Refiner::SizeOf(const StepShape& shape) {
  const uint32_t prompt = Octave(shape.prefill_rows), batch = Octave(shape.decode_rows);
  const uint32_t tokens = Octave(shape.prefill_pairs + shape.decode_context);
  return 1 + prompt + 64 * batch + 4096 * tokens;
}

double Refiner::Refine(const StepShape& shape, const ClassTimes& parts) const {
  const double us = std::inner_product(parts.begin(), parts.end(), theta_.begin(), 0.0) * scale();
  const auto seen = residuals_.find(SizeOf(shape));
  if (seen == residuals_.end()) return us;
  const auto& [count, mean] = seen->second;
  return us * (count * mean + kPull) / (count + kPull);
}

void Refiner::Observe(const StepShape& shape, const ClassTimes& parts, double us) {
  const double predicted = Sum(parts);
  if (!(predicted > 0) || !(us > 0) || !std::isfinite(predicted) || !std::isfinite(us)) return;
  ++steps_;
  Vector shares;
  for (size_t k = 0; k < kCostClasses; ++k) shares[k] = parts[k] / predicted;
  const double mix = std::inner_product(shares.begin(), shares.end(), theta_.begin(), 0.0);
  const double off = std::clamp(std::log(us / (predicted * mix)), -kLargestLog, kLargestLog);
  // The first steps are a plain mean, so that nothing waits for half-lives.
  const double least = 1 - std::exp2(-1 / kHalfLifeSteps);
  log_scale_ += std::max(least, 1.0 / static_cast<double>(steps_)) *
                Bounded(off - log_scale_, steps_ <= kFirstSteps);
  const uint32_t size = SizeOf(shape);
  if (TellsApart(size)) UpdateFactors(shares, us / predicted / scale());
  if (residuals_.size() >= kMostSizes && !residuals_.contains(size)) return;
  Seen& seen = residuals_[size];
  seen.count = std::min(seen.count + 1, kRemembered);
  const double news = off - log_scale_ - std::log(seen.mean);
  seen.mean *= std::exp(Bounded(news, seen.count <= 1) / seen.count);
}

bool Refiner::TellsApart(uint32_t size) {
  recent_[steps_ % recent_.size()] = size;
  std::set<uint32_t> different;
  for (const uint32_t one : recent_) {
    if (one != 0) different.insert(one);
    if (different.size() >= kDirections) return true;
  }
  return false;
}

// One step of the filter: ratio = shares . theta + noise.
void Refiner::UpdateFactors(const Vector& shares, double ratio) {
  Vector gain{};
  double variance = kNoiseVariance, wanted = 0;
  for (size_t i = 0; i < kCostClasses; ++i) {
    for (size_t j = 0; j < kCostClasses; ++j) gain[i] += covariance_[i][j] * shares[j];
  }
  for (size_t i = 0; i < kCostClasses; ++i) {
    variance += shares[i] * gain[i];
    wanted += shares[i] * theta_[i];
  }
  const double bound = kHuber * std::sqrt(variance);
  const double error = std::clamp(ratio - wanted, -bound, bound);
  for (size_t i = 0; i < kCostClasses; ++i) {
    theta_[i] = std::clamp(theta_[i] + gain[i] * error / variance, kLeast, kMost);
  }
  for (size_t i = 0; i < kCostClasses; ++i) {
    for (size_t j = 0; j < kCostClasses; ++j) {
      covariance_[i][j] = (covariance_[i][j] - gain[i] * gain[j] / variance) / kForgetting;
    }
  }
  // Forgetting must not let what no step has become less certain than it was at first.
  for (size_t i = 0; i < kCostClasses; ++i) {
    if (covariance_[i][i] <= kPriorVariance) continue;
    const double shrink = std::sqrt(kPriorVariance / covariance_[i][i]);
    for (size_t j = 0; j < kCostClasses; ++j) {
      covariance_[i][j] *= shrink;
      covariance_[j][i] *= shrink;
    }
  }
}

StepTimes Refiner::Apply(const StepTimes& times) const {
  const auto factor = [&](CostClass part) { return theta_[static_cast<size_t>(part)] * scale(); };
  const double few = factor(CostClass::kFewRows), many = factor(CostClass::kManyRows);
  const double once = factor(CostClass::kOnce);
  StepTimes out = times;
  out.step_us *= once;
  const auto rescale = [&](double us, double attention_us, double by, CostClass attention) {
    const double matrices = std::max(0.0, us - times.step_us - attention_us);
    return out.step_us + matrices * by + attention_us * factor(attention);
  };
  const double first = times.decode_by_past.empty() ? 0 : times.decode_by_past[0].second;
  for (auto& [past, us] : out.decode_by_past) {
    us = rescale(us, std::max(0.0, us - first), few, CostClass::kDecodeAttention);
  }
  const double per_sequence =
      times.decode_by_past.empty()
          ? 0
          : std::max(0.0, Interpolate(times.decode_by_past, times.batch_past) - first);
  for (auto& [count, us] : out.decode_by_batch) {
    us = rescale(us, count * per_sequence, few, CostClass::kDecodeAttention);
  }
  for (auto& [rows, us] : out.prefill) {
    const double pairs = rows * (rows + 1) / 2;
    us = rescale(us, times.attention_us_per_row_token * pairs, rows > 16 ? many : few,
                 CostClass::kPrefillAttention);
  }
  out.batch_attention_us_per_token *= factor(CostClass::kDecodeAttention);
  out.attention_us_per_row_token *= factor(CostClass::kPrefillAttention);
  for (auto& [rows, us] : out.head) us = rescale(us, 0, few, CostClass::kFewRows);
  return out;
}

nlohmann::json Refiner::ToJson() const {
  nlohmann::json sizes = nlohmann::json::array();
  for (const auto& [size, seen] : residuals_) sizes.push_back({size, seen.count, seen.mean});
  return {{"steps", steps_},
          {"log_scale", log_scale_},
          {"factors", theta_},
          {"covariance", covariance_},
          {"sizes", std::move(sizes)}};
}

Result<Refiner> Refiner::FromJson(const nlohmann::json& json) {
  Refiner out;
  try {
    json.at("steps").get_to(out.steps_);
    json.at("log_scale").get_to(out.log_scale_);
    json.at("factors").get_to(out.theta_);
    json.at("covariance").get_to(out.covariance_);
    for (const auto& entry : json.at("sizes")) {
      Seen& seen = out.residuals_[entry.at(0).get<uint32_t>()];
      seen = {entry.at(1).get<double>(), entry.at(2).get<double>()};
      if (!(seen.count >= 0 && seen.count <= kRemembered && seen.mean > 0 &&
            std::isfinite(seen.mean))) {
        return Error::Invalid("sizes", "sizes: a count or a mean is out of range");
      }
    }
  } catch (const nlohmann::json::exception& e) {
    return Error::Invalid("refinement", e.what());
  }
  for (size_t k = 0; k < kCostClasses; ++k) {
    if (!(out.theta_[k] >= kLeast && out.theta_[k] <= kMost)) {
      return Error::Invalid("factors", "factors must be from 0.5 to 2");
    }
    for (const double c : out.covariance_[k]) {
      if (!std::isfinite(c)) return Error::Invalid("covariance", "covariance must be finite");
    }
  }
  if (!(std::abs(out.log_scale_) <= kLargestLog)) {
    return Error::Invalid("log_scale", "log_scale is out of range");
  }
  return out;
}

}  // namespace motley
