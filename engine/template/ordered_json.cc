#include "engine/template/ordered_json.h"

#include <utility>
#include <vector>

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

// Comparisons of names that reading may cost: one object of 4,472 keys, or 20 of 1,000.
constexpr uint64_t kMaxComparisons = 10'000'000;

Error TooDeep() {
  return Error::Invalid("body", "JSON nests deeper than " + std::to_string(kMaxJsonDepth));
}

// Reads without keeping anything; false from a handler ends the reading.
class Judge final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool key(string_t&) override {
    comparisons_ += keys_.back()++;
    if (comparisons_ > kMaxComparisons) error_ = Error::Invalid("body", "JSON has too many keys");
    return error_.message.empty();
  }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    error_ = Error::Invalid("body", "not JSON at byte " + std::to_string(position)).At(position);
    return false;
  }
  Error TakeError() { return std::move(error_); }

 private:
  bool Enter() {
    keys_.push_back(0);
    if (keys_.size() > kMaxJsonDepth) error_ = TooDeep();
    return error_.message.empty();
  }
  bool Leave() {
    keys_.pop_back();
    return true;
  }

  std::vector<uint64_t> keys_;  // of each open object
  uint64_t comparisons_ = 0;
  Error error_;
};

}  // namespace

Result<Json> ParseOrderedJson(std::string_view text) {
  Judge judge;
  if (!Json::sax_parse(text, &judge)) return judge.TakeError();
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return Error::Invalid("body", "JSON has a number out of range");
  return value;
}

Status CheckDepth(const Json& value) {
  std::vector<std::pair<const Json*, int>> open{{&value, 1}};
  while (!open.empty()) {
    const auto [node, depth] = open.back();
    open.pop_back();
    if (!node->is_structured()) continue;
    if (depth > kMaxJsonDepth) return TooDeep();
    for (const Json& child : *node) open.emplace_back(&child, depth + 1);
  }
  return {};
}

}  // namespace motley
