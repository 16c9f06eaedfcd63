#include "scheduler/simulator/policies.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/bytes.h"
#include "scheduler/cost_model/cost_model.h"

namespace motley {
namespace {

// Everything that a rule may look at.
struct Box {
  const MachineProfile& machine;
  const Workload& workload;
  std::vector<double> layer_us;  // per device: a token through a layer; 0 when it is not known
};

// In which order devices are filled, and what part of the layers each is meant to get.
struct Rule {
  std::vector<int> order;
  std::vector<double> parts;  // by place in `order`; empty: as much as fits
};

Rule InOrder(const Box& box, const std::function<double(int)>& part) {
  Rule rule;
  rule.order.resize(box.machine.devices.size());
  std::iota(rule.order.begin(), rule.order.end(), 0);
  for (const int device : rule.order) rule.parts.push_back(part(device));
  return rule;
}

Rule ByMemory(const Box& box) {
  return InOrder(box, [&](int d) { return box.machine.devices[d].usable_bytes; });
}

Rule BySpeed(const Box& box) {
  return InOrder(box, [&](int d) { return box.layer_us[d] > 0 ? 1 / box.layer_us[d] : 0; });
}

Rule Even(const Box& box) {
  return InOrder(box, [](int) { return 1.0; });
}

Rule FastestFirst(const Box& box) {
  Rule rule = Even(box);
  rule.parts.clear();
  std::stable_sort(rule.order.begin(), rule.order.end(),
                   [&](int a, int b) { return box.layer_us[a] < box.layer_us[b]; });
  return rule;
}

struct Named {
  const char* name;
  Rule (*rule)(const Box&);
};
constexpr Named kRules[] = {{"memory-proportional", ByMemory},
                            {"speed-proportional", BySpeed},
                            {"fastest-first", FastestFirst},
                            {"even", Even}};

// Weights of items first..last, and their KV memory for one sequence of the workload's context.
double BytesOf(const Workload& workload, int first, int last) {
  double bytes = 0;
  for (int i = first; i <= last; ++i) {
    const WorkloadItem& item = workload.items[i];
    const auto twin = [&](const WorkloadItem& other) { return other.name == item.tied_with; };
    const auto begin = workload.items.begin() + first;
    const bool tied =
        !item.tied_with.empty() && std::any_of(begin, workload.items.begin() + i, twin);
    if (!tied) bytes += item.weight_bytes;
    if (item.IsLayer()) bytes += workload.kv_bytes_per_token_layer * workload.context_tokens;
  }
  return bytes;
}

// Deals items from the first to the last: at least what the devices behind cannot hold, at most
// what fits, else what is meant.
class Dealer {
 public:
  Dealer(const Box& box, const Rule& rule)
      : box_(box), rule_(rule), items_(static_cast<int>(box.workload.items.size())) {}

  Result<std::vector<Stage>> Deal() const {
    std::vector<Stage> stages;
    int next = 0;
    for (size_t place = 0; place < rule_.order.size() && next < items_; ++place) {
      const int most = Most(rule_.order[place], next);
      int count = std::clamp(Meant(place, next), 0, most);
      if (place + 1 < rule_.order.size()) {
        while (count < most && Behind(place + 1, next + count) < items_) ++count;
      } else {
        count = most;
      }
      if (count == 0) continue;
      stages.push_back({box_.machine.devices[rule_.order[place]].id, next, next + count - 1});
      next += count;
    }
    if (next == items_) return stages;
    return TooLarge(next);
  }

 private:
  int Most(int device, int first) const {
    int last = first;
    while (last < items_ &&
           BytesOf(box_.workload, first, last) <= box_.machine.devices[device].usable_bytes) {
      ++last;
    }
    return last - first;
  }

  // How far the devices from `place` on reach at most.
  int Behind(size_t place, int next) const {
    for (; place < rule_.order.size(); ++place) next += Most(rule_.order[place], next);
    return next;
  }

  int Meant(size_t place, int next) const {
    if (rule_.parts.empty()) return items_;
    const double rest =
        std::accumulate(rule_.parts.begin() + static_cast<long>(place), rule_.parts.end(), 0.0);
    if (rest <= 0) return 0;
    int layers = 0;
    for (int i = next; i < items_; ++i) layers += box_.workload.items[i].IsLayer() ? 1 : 0;
    const auto meant = static_cast<int>(std::lround(layers * rule_.parts[place] / rest));
    // Items that are no layers come with those beside them.
    int last = next;
    for (int taken = 0; last < items_; ++last) {
      const bool layer = box_.workload.items[last].IsLayer();
      if (layer && taken == meant) break;
      taken += layer ? 1 : 0;
    }
    return meant == 0 ? 0 : last - next;
  }

  Error TooLarge(int next) const {
    double needed = BytesOf(box_.workload, 0, items_ - 1), usable = 0;
    for (const int d : rule_.order) usable += box_.machine.devices[d].usable_bytes;
    Error error;
    error.code = Code::kOutOfMemory;
    error.field = rule_.order.empty() ? "devices" : box_.machine.devices[rule_.order.back()].id;
    error.message = "this way items from " + box_.workload.items[next].name +
                    " on have no room: all need " +
                    FormatBytes(static_cast<uint64_t>(std::min(needed, 1e18))) + ", " +
                    FormatBytes(static_cast<uint64_t>(std::min(usable, 1e18))) + " are usable";
    error.remedy = "use --policy best, or a smaller context";
    return error;
  }

  const Box& box_;
  const Rule& rule_;
  const int items_;
};

Result<Rule> FindRule(std::string_view name, const Box& box) {
  constexpr std::string_view kSingle = "single:";
  if (name.starts_with(kSingle)) {
    const std::string_view id = name.substr(kSingle.size());
    for (size_t d = 0; d < box.machine.devices.size(); ++d) {
      if (box.machine.devices[d].id == id) return Rule{{static_cast<int>(d)}, {}};
    }
    return Error::Invalid("policy",
                          "policy: the machine has no device \"" + std::string(id) + "\"");
  }
  for (const Named& named : kRules) {
    if (name == named.name) return named.rule(box);
  }
  std::string known;
  for (const std::string& each : PolicyNames()) known += each + ", ";
  return Error::Invalid("policy", "policy is \"" + std::string(name) + "\", must be " + known +
                                      "single:DEVICE or best");
}

}  // namespace

std::vector<std::string> PolicyNames() {
  std::vector<std::string> names;
  for (const Named& named : kRules) names.push_back(named.name);
  return names;
}

Result<Plan> PlanByPolicy(std::string_view name, const MachineProfile& machine,
                          const Workload& workload, const Objective& objective) {
  const CostModel costs =
      TRY(CostModel::Make(machine, workload, std::max(1, objective.prompt_tokens)));
  Box box{machine, workload, std::vector<double>(machine.devices.size(), 0)};
  const auto layer = std::find_if(workload.items.begin(), workload.items.end(),
                                  [](const WorkloadItem& item) { return item.IsLayer(); });
  const int index =
      layer == workload.items.end() ? 0 : static_cast<int>(layer - workload.items.begin());
  for (int d = 0; d < costs.devices(); ++d) {
    if (!costs.Knows(d, Phase::kDecode)) continue;
    box.layer_us[d] = costs.Item(d, index, StepShape::Decode(1, objective.prompt_tokens)).us +
                      costs.OncePerStep(d).us;
  }
  const Rule rule = TRY(FindRule(name, box));
  Plan plan;
  plan.objective = objective;
  Replica replica;
  replica.stages = TRY(Dealer(box, rule).Deal());
  replica.micro_batch = replica.max_sequences = 0;
  plan.pools = {{Phase::kBoth, {std::move(replica)}}};
  plan.proof.method = "given";
  plan.id = PlanId(plan);
  return plan;
}

}  // namespace motley
