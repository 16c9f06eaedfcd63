#pragma once
// Measured times of one model on one device, and what they say of other sizes. Plain data; JSON in
// and out for the store.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "base/result.h"
#include "hwprofiles/profile.h"

namespace motley {

struct StepTimes {
  TimeTable prefill;          // (rows of one chunk, us of all layers) with nothing in the cache
  TimeTable decode_by_past;   // (tokens in the cache, us of all layers) for one row
  TimeTable decode_by_batch;  // (sequences, us of all layers)
  double attention_us_per_row_token = 0;  // more for each row and each token already in the cache
  TimeTable head;                         // (rows, us of the head)
  int layers = 1;                         // that were measured
  // How long the worst point waited for a core that other programs used, as a share of its time.
  // Not stored: a disturbed profile is used once and not kept.
  double waited = 0;

  double LayerPrefillUs(double rows, double past) const;  // one layer
  double LayerDecodeUs(double past) const;
  double HeadUs(double rows) const;
};

// Between the points of a table, and beyond them along the last two; never below 0.
double At(const TimeTable& table, double x);

// Times per item (embedding, layers, head) for one request: the prompt in chunks of `chunk` rows,
// then tokens whose context is on average prompt + output / 2.
ItemTimes ItemTimesFor(const StepTimes& times, int layers, int prompt_tokens, int output_tokens,
                       int chunk);

nlohmann::json ToJson(const StepTimes& times);
Result<StepTimes> StepTimesFromJson(const nlohmann::json& json);

}  // namespace motley
