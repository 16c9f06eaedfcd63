#pragma once
// What motleyd measures of one model on one device: times of whole steps through some of its
// layers, and through its head. "step_times" of motley.machine/1. Plain data; JSON in and out. Any
// thread.

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "hwprofiles/json_fields.h"
#include "hwprofiles/time_table.h"

namespace motley {

struct StepTimes {
  TimeTable prefill;          // (rows of one chunk, us of all layers) with nothing in the cache
  TimeTable decode_by_past;   // (tokens in the cache, us of all layers) for one sequence
  TimeTable decode_by_batch;  // (sequences, us of all layers), each with batch_past in the cache
  double batch_past = 0;
  double batch_attention_us_per_token = 0;  // of decode_by_batch, per sequence; 0: not measured
  double attention_us_per_row_token = 0;    // more for each row and each token already in the cache
  TimeTable head;                           // (rows, us of the head)
  int layers = 1;                           // that were measured
  double step_us = 0;  // of each of the times above: what a step takes once, however few its layers
  double chunk_rows = 0;  // rows of one pass at most: more are several passes; 0: any number
  // How long the worst point waited for a core that other programs used, as a share of its time.
  // Not written: a disturbed profile is used once and not kept.
  double waited = 0;
};

nlohmann::json ToJson(const StepTimes& times);
// Errors name the key: missing, negative, not finite, points that do not grow, no layers.
Result<StepTimes> StepTimesFromJson(const JsonFields& fields);

// The points of `key`, none where it is absent. Errors: no points, first numbers that do not grow.
Result<TimeTable> TimeTableFromJson(const JsonFields& fields, const char* key);

}  // namespace motley
