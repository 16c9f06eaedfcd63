// ops and peak: an item's bytes and arithmetic at the device's rates.

#include <algorithm>
#include <cmath>
#include <limits>

#include "hwprofiles/op_fit.h"
#include "scheduler/cost_model/device_costs.h"

namespace motley {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// A fit with its regime read once.
struct Curve {
  OpFit fit;
  double first = 0, last = 0;  // of x
  bool prefill = false, decode = false;

  explicit Curve(const OpFit& of) : fit(of) {
    std::tie(first, last) = RegimeRange(of.regime);
    const auto holds = [&](FitPhase phase) {
      return Holds(of, {of.op, of.type, phase, std::max(1.0, first)});
    };
    prefill = holds(FitPhase::kPrefill);
    decode = holds(FitPhase::kDecode);
  }
  bool Of(bool prompt) const { return prompt ? prefill : decode; }
  // 0 where the regime holds x; ranges are of whole numbers.
  double Distance(double x) const {
    return std::max({0.0, first - std::floor(x), std::floor(x) - last});
  }
};

// The slowest of the curves that hold x; of those that are nearest to it where none does.
std::optional<double> SlowestUs(const std::vector<Curve>& curves, bool prompt, double x,
                                double bytes, double flops, bool nearest) {
  double distance = nearest ? std::numeric_limits<double>::infinity() : 0;
  std::optional<double> slowest;
  for (const Curve& curve : curves) {
    if (!curve.Of(prompt)) continue;
    const double away = curve.Distance(x);
    if (away > distance) continue;
    const double us = PriceUs(curve.fit, bytes, flops);
    slowest = slowest && away == distance ? std::max(*slowest, us) : us;
    distance = away;
  }
  return slowest;
}

std::vector<Curve> CurvesOf(const std::vector<OpFit>& ops, const std::string& op,
                            const std::string* type = nullptr) {
  std::vector<Curve> out;
  for (const OpFit& fit : ops) {
    if (fit.op == op && (!type || fit.type == *type)) out.emplace_back(fit);
  }
  return out;
}

// Items that ask for the same, and how many they are.
struct Group {
  enum class Kind { kEmbed, kLayer, kHead, kOther } kind = Kind::kOther;
  double count = 0;
  double fixed_bytes = 0;  // without experts
  double flops_per_row = 0;
  double window_tokens = 0;
  Experts experts;
  std::string type;
  std::vector<Curve> own;  // mul_mat fits of its type

  static Group Of(const WorkloadItem& item) {
    Group group;
    group.kind = item.name == "embed"  ? Kind::kEmbed
                 : item.name == "head" ? Kind::kHead
                 : item.IsLayer()      ? Kind::kLayer
                                       : Kind::kOther;
    group.count = 1;
    group.fixed_bytes = item.weight_bytes - item.experts.count * item.experts.bytes;
    group.flops_per_row = item.flops_per_token;
    group.window_tokens = item.window_tokens;
    group.experts = item.experts;
    group.type = item.type;
    return group;
  }
  bool Alike(const Group& o) const {
    return kind == o.kind && fixed_bytes == o.fixed_bytes && flops_per_row == o.flops_per_row &&
           window_tokens == o.window_tokens && experts.count == o.experts.count &&
           experts.per_token == o.experts.per_token && experts.bytes == o.experts.bytes &&
           type == o.type;
  }
};

// What a layer does beside its matrices and its attention, where the device's fits know it: how
// often, and how many rows as wide as the hidden state each one moves (an activation's are taken
// for as wide). Models differ by one or two of them, of which none is dear.
struct SmallOp {
  const char* name;
  double times, moved;
};
constexpr SmallOp kSmallOps[] = {
    {"rms_norm", 2, 2}, {"add", 2, 3}, {"rope", 2, 2}, {"glu", 1, 3}, {"store_kv", 1, 2}};

struct Rates {
  std::vector<std::pair<SmallOp, std::vector<Curve>>> small;
  std::vector<Curve> matrices, prompt_attention, decode_attention;
  std::vector<OpFit> ops;
  std::optional<PeakRates> peak;
  double hidden_bytes = 0, kv_bytes = 0, flops_per_pair = 0;
  double us_per_byte = 0, us_per_flop = 0;  // of `peak`
};

struct Work {
  double rows = 0, bytes = 0, flops = 0;
};

Work WorkOf(const Rates& rates, const Group& group, const StepShape& shape) {
  const double rows = shape.prefill_rows + shape.decode_rows;
  switch (group.kind) {
    case Group::Kind::kEmbed:
      return {rows, rows * rates.hidden_bytes, 0};
    case Group::Kind::kHead:
      return {shape.logit_rows, group.fixed_bytes, group.flops_per_row * shape.logit_rows};
    default:
      break;
  }
  double bytes = group.fixed_bytes;
  if (group.experts.count > 0) bytes += group.experts.Distinct(rows) * group.experts.bytes;
  return {rows, bytes, group.flops_per_row * rows};
}

// Tokens whose keys and values a prompt's rows read: what was there, and the rows themselves.
double PromptTokens(const StepShape& shape) {
  if (shape.prefill_rows <= 0) return 0;
  return shape.prefill_pairs / shape.prefill_rows + (shape.prefill_rows - 1) / 2;
}

double AttentionUs(const Rates& rates, const StepShape& shape) {
  const auto price = [&](const std::vector<Curve>& curves, bool prompt, double x, double tokens,
                         double rows, double pairs) {
    const double bytes = tokens * rates.kv_bytes + 2 * rows * rates.hidden_bytes;
    const double flops = rates.flops_per_pair * pairs;
    return SlowestUs(curves, prompt, x, bytes, flops, true).value_or(0);
  };
  double us = 0;
  if (shape.prefill_rows > 0) {
    us += price(rates.prompt_attention, true, shape.prefill_rows, PromptTokens(shape),
                shape.prefill_rows, shape.prefill_pairs);
  }
  if (shape.decode_rows > 0) {
    us += price(rates.decode_attention, false, shape.decode_context, shape.decode_context,
                shape.decode_rows, shape.decode_context);
  }
  return us;
}

double SmallOpsUs(const Rates& rates, const StepShape& shape) {
  const double rows = shape.prefill_rows + shape.decode_rows;
  double us = 0;
  for (const auto& [op, curves] : rates.small) {
    const double bytes = op.moved * rows * rates.hidden_bytes;
    us += op.times * SlowestUs(curves, shape.prefill_rows > 0, rows, bytes, 0, true).value_or(0);
  }
  return us;
}

class RateRun final : public StageCost {
 public:
  RateRun(std::shared_ptr<const Rates> rates, std::vector<Group> groups)
      : rates_(std::move(rates)), groups_(std::move(groups)) {}

  Estimate Step(const StepShape& shape) const override {
    Estimate sum;
    for (const Group& group : groups_) {
      const Estimate one = group.window_tokens > 0
                               ? GroupStep(group, WithinWindow(shape, group.window_tokens))
                               : GroupStep(group, shape);
      sum.us += group.count * one.us;
      sum.sigma_us += group.count * one.sigma_us;
    }
    return sum;
  }

 private:
  Estimate GroupStep(const Group& group, const StepShape& shape) const {
    const Work work = WorkOf(*rates_, group, shape);
    if (work.rows <= 0) return {};
    const bool attends = group.kind == Group::Kind::kLayer;
    if (rates_->matrices.empty() && rates_->peak) return PeakStep(work, shape, attends);
    const auto fitted = [&](bool nearest) {
      const bool prompt = shape.prefill_rows > 0;
      const auto us = SlowestUs(group.own, prompt, work.rows, work.bytes, work.flops, nearest);
      if (us) return us;
      return SlowestUs(rates_->matrices, prompt, work.rows, work.bytes, work.flops, nearest);
    };
    std::optional<double> us = fitted(false);
    if (!us && rates_->peak) return PeakStep(work, shape, attends);
    const double sigma = us ? kFitSigma : kPriorSigma;
    if (!us) us = fitted(true);
    if (!us) return {kUnknown, kUnknown};
    if (attends && rates_->flops_per_pair > 0) *us += AttentionUs(*rates_, shape);
    if (attends) *us += SmallOpsUs(*rates_, shape);
    return {*us, *us * sigma};
  }

  Estimate PeakStep(const Work& work, const StepShape& shape, bool attends) const {
    const PeakRates& peak = *rates_->peak;
    double bytes = work.bytes, flops = work.flops;
    if (attends) {
      bytes += rates_->kv_bytes * (shape.decode_context + PromptTokens(shape));
      flops += rates_->flops_per_pair * (shape.decode_context + shape.prefill_pairs);
    }
    const double reading = bytes * rates_->us_per_byte, computing = flops * rates_->us_per_flop;
    const double us = peak.launch_us + std::max(reading, computing);
    return {us, us * kPriorSigma};
  }

  const std::shared_ptr<const Rates> rates_;
  const std::vector<Group> groups_;
};

class RateCosts final : public DeviceCosts {
 public:
  RateCosts(std::shared_ptr<const Rates> rates, const Workload& workload, double prompt_tokens)
      : rates_(std::move(rates)) {
    for (const WorkloadItem& item : workload.items) {
      Group& group = items_.emplace_back(Group::Of(item));
      if (!item.type.empty()) group.own = CurvesOf(rates_->ops, "mul_mat", &item.type);
    }
    fitted_prompt_ = Fitted(StepShape::Prompt(std::max(1.0, prompt_tokens)));
    fitted_decode_ = Fitted(StepShape::Decode(1, 1));
  }

  bool Knows(Phase phase) const override {
    return rates_->peak || (phase == Phase::kPrefill ? fitted_prompt_ : fitted_decode_);
  }
  bool IsPrior() const override { return !fitted_decode_; }

  std::unique_ptr<StageCost> Run(int first, int last) const override {
    std::vector<Group> groups;
    for (int i = first; i <= last; ++i) {
      const Group& item = items_[static_cast<size_t>(i)];
      const auto same = std::ranges::find_if(groups, [&](const Group& g) { return g.Alike(item); });
      if (same != groups.end()) {
        same->count += 1;
      } else {
        groups.push_back(item);
      }
    }
    return std::make_unique<RateRun>(rates_, std::move(groups));
  }

 private:
  // Whether every item's rows are in the regime of some fit.
  bool Fitted(const StepShape& shape) const {
    const bool prompt = shape.prefill_rows > 0;
    return std::ranges::all_of(items_, [&](const Group& group) {
      const double rows = WorkOf(*rates_, group, shape).rows;
      return std::ranges::any_of(rates_->matrices, [&](const Curve& curve) {
        return curve.Of(prompt) && curve.Distance(rows) == 0;
      });
    });
  }

  const std::shared_ptr<const Rates> rates_;
  std::vector<Group> items_;  // one for each
  bool fitted_prompt_ = false, fitted_decode_ = false;
};

}  // namespace

StepShape WithinWindow(const StepShape& shape, double window_tokens) {
  if (window_tokens <= 0) return shape;
  StepShape out = shape;
  out.prefill_pairs = std::min(shape.prefill_pairs, shape.prefill_rows * window_tokens);
  out.decode_context = std::min(shape.decode_context, shape.decode_rows * window_tokens);
  return out;
}

std::unique_ptr<DeviceCosts> MakeRateCosts(const std::vector<OpFit>& ops,
                                           const std::optional<PeakRates>& peak,
                                           const Workload& workload, double prompt_tokens) {
  auto rates = std::make_shared<Rates>();
  rates->matrices = CurvesOf(ops, "mul_mat");
  rates->prompt_attention = CurvesOf(ops, "attention.prefill");
  rates->decode_attention = CurvesOf(ops, "attention.decode");
  for (const SmallOp& op : kSmallOps) {
    if (auto curves = CurvesOf(ops, op.name); !curves.empty()) {
      rates->small.emplace_back(op, std::move(curves));
    }
  }
  rates->ops = ops;
  rates->peak = peak;
  if (peak) rates->us_per_byte = 1e6 / peak->bytes_per_s;
  if (peak && peak->f16_flops > 0) rates->us_per_flop = 1e6 / peak->f16_flops;
  rates->hidden_bytes = workload.hidden_bytes_per_token;
  rates->kv_bytes = workload.kv_bytes_per_token_layer;
  rates->flops_per_pair = workload.attention_flops_per_pair;
  return std::make_unique<RateCosts>(std::move(rates), workload, prompt_tokens);
}

}  // namespace motley
