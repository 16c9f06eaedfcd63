#include "scheduler/partition/service/goodput.h"

#include <algorithm>

namespace motley {
namespace {

// The same replicas with fewer sequences in a step; KV memory stays as planned, so it fits.
std::vector<Pool> WithBatchOf(std::vector<Pool> pools, int batch) {
  for (Pool& pool : pools) {
    if (pool.phase == Phase::kPrefill) continue;
    for (Replica& replica : pool.replicas) {
      if (replica.micro_batch <= batch) continue;
      const double part = 1.0 * batch / replica.micro_batch;
      replica.max_sequences = std::max(1, static_cast<int>(replica.max_sequences * part));
      replica.micro_batch = batch;
    }
  }
  return pools;
}

double LoadWithin(double limit_s, double prompt_s) {
  if (!(limit_s > 0) || !(prompt_s > 0)) return 1;
  if (prompt_s >= limit_s) return 0;
  const double waits = 2 * (limit_s - prompt_s) / prompt_s;
  return waits / (1 + waits);
}

}  // namespace

Screened ScreenGoodput(const ServiceQuestion& question, const Proposal& proposal) {
  const Slo& slo = question.objective.slo;
  Screened best{proposal, 0};
  for (const int batch : kMicroBatches) {
    auto pools = WithBatchOf(proposal.pools, batch);
    const auto value = EvaluateService(question.machine, question.workload, question.objective,
                                       question.model, pools);
    if (!value.ok()) continue;
    if (slo.itl_s > 0 && value->predicted.itl_s > slo.itl_s) continue;
    const double load = LoadWithin(slo.ttft_s, value->predicted.ttft_s);
    const double rate = load * value->tokens_per_s / question.objective.output_tokens;
    if (rate <= best.goodput_rps) continue;
    best = {{std::move(pools), *value}, rate};
  }
  return best;
}

}  // namespace motley
