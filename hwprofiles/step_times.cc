#include "hwprofiles/step_times.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace motley {
namespace {

Result<TimeTable> Required(const JsonFields& fields, const char* key) {
  if (fields.Has(key)) return TimeTableFromJson(fields, key);
  return Error::Invalid(fields.Path(key), fields.Path(key) + " is missing");
}

}  // namespace

Result<TimeTable> TimeTableFromJson(const JsonFields& fields, const char* key) {
  if (!fields.Has(key)) return TimeTable();
  TimeTable table = TRY(fields.Pairs(key));
  const std::string path = fields.Path(key);
  if (table.empty()) return Error::Invalid(path, path + " is empty, needs at least one point");
  for (size_t i = 1; i < table.size(); ++i) {
    if (table[i].first <= table[i - 1].first) {
      return Error::Invalid(path, path + "[" + std::to_string(i) +
                                      "] does not grow: the first numbers must increase");
    }
  }
  return table;
}

nlohmann::json ToJson(const StepTimes& t) {
  nlohmann::json out = {{"prefill", t.prefill},
                        {"decode_by_past", t.decode_by_past},
                        {"batch_past", t.batch_past},
                        {"attention_us_per_row_token", t.attention_us_per_row_token},
                        {"head", t.head},
                        {"layers", t.layers},
                        {"step_us", t.step_us}};
  if (t.batch_attention_us_per_token > 0) {
    out["batch_attention_us_per_token"] = t.batch_attention_us_per_token;
  }
  if (t.chunk_rows > 0) out["chunk_rows"] = t.chunk_rows;
  if (!t.decode_by_batch.empty()) out["decode_by_batch"] = t.decode_by_batch;
  return out;
}

Result<StepTimes> StepTimesFromJson(const JsonFields& fields) {
  StepTimes t;
  t.prefill = TRY(Required(fields, "prefill"));
  t.decode_by_past = TRY(Required(fields, "decode_by_past"));
  t.decode_by_batch = TRY(TimeTableFromJson(fields, "decode_by_batch"));
  t.batch_past = TRY(fields.NumberOr("batch_past", 0));
  t.attention_us_per_row_token = TRY(fields.NumberOr("attention_us_per_row_token", 0));
  t.batch_attention_us_per_token = TRY(fields.NumberOr("batch_attention_us_per_token", 0));
  t.head = TRY(Required(fields, "head"));
  t.layers = TRY(fields.Integer("layers"));
  t.step_us = TRY(fields.NumberOr("step_us", 0));
  t.chunk_rows = TRY(fields.NumberOr("chunk_rows", 0));
  if (t.layers < 1) {
    return Error::Invalid(fields.Path("layers"), fields.Path("layers") + " is 0, must be over 0");
  }
  return t;
}

}  // namespace motley
