#include "scheduler/placement.h"

#include <algorithm>
#include <charconv>

namespace motley {
namespace {

struct LayerRange {
  int first = 0, last = 0;
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t comma = text.find(',');
    parts.push_back(Trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

bool ParseLayer(std::string_view text, int& layer) {
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, layer);
  return read.ec == std::errc() && read.ptr == end && layer >= 0;
}

std::string Shown(const LayerRange& range) {
  return std::to_string(range.first) + "-" + std::to_string(range.last);
}

Result<LayerRange> ParseRange(std::string_view text) {
  LayerRange range;
  const size_t dash = text.find('-');
  const bool first = ParseLayer(Trim(text.substr(0, dash)), range.first);
  const bool last = dash == std::string_view::npos
                        ? (range.last = range.first, true)
                        : ParseLayer(Trim(text.substr(dash + 1)), range.last);
  if (!first || !last) {
    return Error::Invalid(
        "split", "split: \"" + std::string(text) + "\" is not a range of layers such as 0-14");
  }
  if (range.last < range.first) {
    return Error::Invalid("split", "split: " + Shown(range) + " ends before it starts");
  }
  return range;
}

// Each range starts where the one before ended, and the last one ends with the model.
Status CheckCover(const std::vector<LayerRange>& ranges, int layers) {
  int next = 0;
  for (const LayerRange& range : ranges) {
    if (range.first >= layers) {
      return Error::Invalid("split", "split: " + Shown(range) +
                                         " starts beyond the model's last layer, " +
                                         std::to_string(layers - 1));
    }
    if (range.first < next) {
      return Error::Invalid("split", "split: " + Shown(range) + " overlaps: layers 0-" +
                                         std::to_string(next - 1) + " are already placed");
    }
    if (range.first > next) {
      return Error::Invalid("split", "split: layers " + Shown(LayerRange{next, range.first - 1}) +
                                         " are on no device");
    }
    next = range.last + 1;
  }
  if (next < layers) {
    return Error::Invalid(
        "split", "split: layers " + Shown(LayerRange{next, layers - 1}) + " are on no device");
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> ParseDeviceList(std::string_view devices) {
  std::vector<std::string> ids;
  for (const std::string_view part : SplitAtCommas(devices)) {
    if (part.empty()) {
      return Error::Invalid("devices", "devices: \"" + std::string(devices) +
                                           "\" has an empty name, use ids such as cpu0,ocl0");
    }
    if (std::find(ids.begin(), ids.end(), part) != ids.end()) {
      return Error::Invalid("devices", "devices: " + std::string(part) + " is named twice");
    }
    ids.emplace_back(part);
  }
  return ids;
}

Result<std::vector<Stage>> ParsePlacement(std::string_view devices, std::string_view split,
                                          int layers) {
  const std::vector<std::string> ids = TRY(ParseDeviceList(devices));
  const std::vector<std::string_view> parts = SplitAtCommas(split);
  if (layers < 1) return Error::Invalid("split", "split: the model has no layers");
  if (parts.size() != ids.size()) {
    return Error::Invalid("split", "split: " + std::to_string(parts.size()) + " ranges for " +
                                       std::to_string(ids.size()) + " devices, needs one each");
  }
  std::vector<LayerRange> ranges;
  for (const std::string_view part : parts) {
    LayerRange range = TRY(ParseRange(part));
    if (range.first < layers) range.last = std::min(range.last, layers - 1);
    ranges.push_back(range);
  }
  TRY(CheckCover(ranges, layers));
  std::vector<Stage> stages;
  for (size_t i = 0; i < ids.size(); ++i) {
    // Item 0 is the embedding, so that layer n is item n + 1.
    stages.push_back({ids[i], ranges[i].first + 1, ranges[i].last + 1});
  }
  stages.front().first_item = 0;
  stages.back().last_item = layers + 1;
  return stages;
}

}  // namespace motley
