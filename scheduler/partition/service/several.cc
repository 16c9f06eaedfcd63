// cost-model 2(e): H_j[m] = max over s in m of min(F_j[s] / demand_j, H_{j-1}[m - s]), where F_j[s]
// is what the devices of s serve of model j.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "scheduler/partition/chains/unions.h"
#include "scheduler/partition/partitioner.h"
#include "scheduler/partition/service/assemble.h"
#include "scheduler/partition/service/candidates.h"
#include "scheduler/partition/solve/classes.h"

namespace motley {
namespace {

// The same limits as where one model's sets are compared.
constexpr double kMostPairs = 2e8, kMostWork = 6e8, kMostStates = 1 << 16;

// Devices that could change places unnoticed by every model.
std::vector<AlikeDevices> CommonClasses(const std::vector<ServiceQuestion>& questions) {
  std::vector<std::vector<int>> kinds(questions[0].machine.devices.size());
  for (const ServiceQuestion& question : questions) {
    const auto classes = ServiceClasses(question);
    for (size_t cls = 0; cls < classes.size(); ++cls) {
      for (const int device : classes[cls].members) {
        kinds[static_cast<size_t>(device)].push_back(static_cast<int>(cls));
      }
    }
  }
  std::vector<AlikeDevices> common;
  for (size_t device = 0; device < kinds.size(); ++device) {
    const auto same = std::find_if(common.begin(), common.end(), [&](const AlikeDevices& cls) {
      return kinds[static_cast<size_t>(cls.members[0])] == kinds[device];
    });
    if (same == common.end()) {
      common.push_back({{static_cast<int>(device)}, {}});
    } else {
      same->members.push_back(static_cast<int>(device));
    }
  }
  return common;
}

// One model and what every set of devices serves of it.
struct Model {
  Model(const ServiceQuestion& question, const std::vector<AlikeDevices>& classes)
      : prices(question, classes),
        sets(prices.Counts()),
        chains(prices, Phase::kBoth, sets),
        unions(chains, sets) {}
  ServicePrices prices;
  DeviceSets sets;
  ChainRates chains;
  ChainUnions unions;
};

bool Within(const DeviceSets& sets, int part, int whole) {
  for (int cls = 0; cls < sets.classes(); ++cls) {
    if (sets.Count(part, cls) > sets.Count(whole, cls)) return false;
  }
  return true;
}

class Sharing {
 public:
  Sharing(const std::vector<std::unique_ptr<Model>>& models, const std::vector<double>& demands)
      : models_(models), sets_(models[0]->sets) {
    const auto states = static_cast<size_t>(sets_.states());
    std::vector<double> before(states, std::numeric_limits<double>::infinity());
    for (size_t model = 0; model < models.size(); ++model) {
      std::vector<double> met(states, 0.0);
      auto& chosen = chosen_.emplace_back(states, 0);
      for (int whole = 1; whole < sets_.states(); ++whole) {
        for (int part = 1; part <= whole; ++part) {
          if (!Within(sets_, part, whole)) continue;
          const double own = models[model]->unions.Rate(part) / demands[model];
          const double both = std::min(own, before[static_cast<size_t>(whole - part)]);
          if (both <= met[static_cast<size_t>(whole)]) continue;
          met[static_cast<size_t>(whole)] = both;
          chosen[static_cast<size_t>(whole)] = part;
        }
      }
      before = std::move(met);
    }
    met_ = before.back();
  }

  double met() const { return met_; }

  // The sets of devices, one for each model.
  std::vector<int> Parts() const {
    std::vector<int> parts(models_.size(), 0);
    int left = sets_.full();
    for (size_t model = models_.size(); model-- > 0;) {
      parts[model] = chosen_[model][static_cast<size_t>(left)];
      left -= parts[model];
    }
    return parts;
  }

 private:
  const std::vector<std::unique_ptr<Model>>& models_;
  const DeviceSets& sets_;
  std::vector<std::vector<int>> chosen_;  // [model][set]
  double met_ = 0;
};

Result<Plan> PlanWithin(const Model& model, int part, DeviceNames& names) {
  const ServiceQuestion& q = model.prices.question();
  std::vector<Chain> chains;
  for (const int state : model.unions.Chains(part)) chains.push_back(model.chains.Best(state));
  Proposal proposal{{MakePool(model.prices, Phase::kBoth, chains, names)}, {}};
  proposal.value =
      TRY(EvaluateService(q.machine, q.workload, q.objective, q.model, proposal.pools));
  Plan plan = PlanOf(q, std::move(proposal));
  plan.proof.bound = plan.proof.value;
  plan.proof.candidates = model.chains.candidates();
  return plan;
}

Status CheckDemands(const std::vector<ModelDemand>& models) {
  if (models.empty()) return Error::Invalid("models", "there is no model to plan for");
  for (const ModelDemand& model : models) {
    const double rate = model.objective.rate_rps;
    if (std::isfinite(rate) && rate > 0 && model.objective.output_tokens > 0) continue;
    return Error::Invalid("rate_rps", model.workload.name + ": rate_rps is " +
                                          std::to_string(rate) + " and output_tokens " +
                                          std::to_string(model.objective.output_tokens) +
                                          ", where models share a machine both must be above 0");
  }
  return {};
}

Status CheckSize(const std::vector<AlikeDevices>& classes, const ServiceQuestion& question) {
  std::vector<int> counts;
  for (const AlikeDevices& cls : classes) counts.push_back(static_cast<int>(cls.members.size()));
  const Error error =
      Error::Unsupported("the machine has too many different devices to share exactly: " +
                         std::to_string(classes.size()) + " kinds")
          .Fix("leave the slowest out");
  if (DeviceSets::Number(counts) > kMostStates) return error;
  const DeviceSets sets(counts);
  const ServicePrices prices(question, classes);
  const double pairs = 1.0 * sets.states() * sets.states() / 2;
  if (pairs > 10 * kMostPairs || ChainUnions::Work(sets) > kMostPairs ||
      ChainRates::Work(prices, Phase::kBoth, sets) > kMostWork) {
    return error;
  }
  return {};
}

}  // namespace

Result<SharedPlan> PartitionSeveral(const MachineProfile& machine,
                                    const std::vector<ModelDemand>& models) {
  TRY(CheckDemands(models));
  MachineProfile plain = machine;
  std::erase_if(plain.devices, [](const DeviceProfile& device) { return !device.members.empty(); });
  std::vector<CostModel> costs;
  std::vector<ServiceQuestion> questions;
  std::vector<double> demands;
  for (const ModelDemand& model : models) {
    costs.push_back(TRY(CostModel::Make(plain, model.workload, model.objective.prompt_tokens)));
    demands.push_back(model.objective.rate_rps * model.objective.output_tokens);
  }
  for (size_t i = 0; i < models.size(); ++i) {
    questions.push_back({plain, models[i].workload, models[i].objective, costs[i]});
  }
  const std::vector<AlikeDevices> classes = CommonClasses(questions);
  TRY(CheckSize(classes, questions[0]));
  std::vector<std::unique_ptr<Model>> solved;
  for (const ServiceQuestion& question : questions) {
    solved.push_back(std::make_unique<Model>(question, classes));
  }
  const Sharing sharing(solved, demands);
  SharedPlan shared;
  shared.met = sharing.met();
  if (!(shared.met > 0)) {
    Error error;
    error.code = Code::kOutOfMemory;
    error.message = "no way to share the devices holds all " + std::to_string(models.size()) +
                    " models at once";
    error.remedy = "serve fewer models, or shorter sequences";
    return error;
  }
  DeviceNames names(solved[0]->prices);
  const std::vector<int> parts = sharing.Parts();
  for (size_t i = 0; i < models.size(); ++i) {
    shared.plans.push_back(TRY(PlanWithin(*solved[i], parts[i], names)));
  }
  return shared;
}

}  // namespace motley
