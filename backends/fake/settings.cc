#include "backends/fake/settings.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>

#include "kernels/op.h"

namespace motley::fake {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (const auto part = Trim(text.substr(0, comma)); !part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

// "a:b" -> "a" and text "b"; without the separator nothing, and the text as it was.
std::optional<std::string_view> TakePrefix(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view prefix = Trim(text.substr(0, at));
  text = Trim(text.substr(at + 1));
  return prefix;
}

template <class T>
std::optional<T> Number(std::string_view text) {
  text = Trim(text);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "12", or "3..40#7": one of 3 to 40 by seed 7.
std::optional<int64_t> When(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return Number<int64_t>(text);
  std::string_view rest = text.substr(dots + 2);
  const std::string_view last = TakePrefix(rest, '#').value_or("");
  const int64_t from = Number<int64_t>(text.substr(0, dots)).value_or(0);
  const int64_t to = Number<int64_t>(last).value_or(0);
  const auto seed = Number<uint64_t>(rest);
  if (from < 1 || to < from || !seed) return std::nullopt;
  std::mt19937_64 random(*seed);
  return from + static_cast<int64_t>(random() % static_cast<uint64_t>(to - from + 1));
}

std::optional<Fault> ParseFault(std::string_view text) {
  struct Name {
    std::string_view start;
    FaultKind kind;
  };
  static constexpr Name kNames[] = {{"lose@step", FaultKind::kLose},
                                    {"abort@step", FaultKind::kAbort},
                                    {"hang@step", FaultKind::kHang},
                                    {"wrong@step", FaultKind::kWrong},
                                    {"oom@alloc", FaultKind::kOutOfMemory}};
  for (const Name& name : kNames) {
    if (!text.starts_with(name.start)) continue;
    const auto at = When(Trim(text.substr(name.start.size())));
    if (!at || *at < 1) return std::nullopt;
    return Fault{name.kind, *at};
  }
  return std::nullopt;
}

Error Unreadable(const char* variable, std::string_view part, const char* expected) {
  return Error::Invalid(
      variable, std::string(variable) + ": \"" + std::string(part) + "\" is not " + expected);
}

}  // namespace

Result<std::vector<Fault>> ParseFaults(std::string_view text, std::string_view device) {
  std::vector<Fault> faults;
  for (const std::string_view part : Split(text)) {
    std::string_view rest = part;
    const auto target = TakePrefix(rest, ':');
    const auto fault = ParseFault(rest);
    if (!fault) {
      return Unreadable("MOTLEY_FAKE_FAULT", part,
                        "[DEVICE:]lose|abort|hang|wrong@step N or [DEVICE:]oom@alloc N");
    }
    if (!target || *target == device) faults.push_back(*fault);
  }
  return faults;
}

Result<double> ParseSlowdown(std::string_view text, std::string_view device) {
  double factor = 1;
  for (const std::string_view part : Split(text)) {
    std::string_view rest = part;
    const auto target = TakePrefix(rest, '=');
    const auto value = Number<double>(rest);
    if (!value || !(*value >= 1) || *value > 1e6) {
      return Unreadable("MOTLEY_FAKE_SLOWDOWN", part, "[DEVICE=]X with X from 1 to 1000000");
    }
    if (!target || *target == device) factor = *value;
  }
  return factor;
}

Result<std::vector<std::string>> ParseOps(std::string_view text) {
  static constexpr std::string_view kOps[] = {op::GetRows<int>::kName, op::RmsNorm<int>::kName,
                                              op::MulMat<int>::kName,  op::Rope<int>::kName,
                                              op::StoreKv<int>::kName, op::Attention<int>::kName,
                                              op::Add<int>::kName,     op::Glu<int>::kName};
  std::vector<std::string> ops;
  for (const std::string_view part : Split(text)) {
    if (std::ranges::find(kOps, part) == std::end(kOps)) {
      return Unreadable("MOTLEY_FAKE_OPS", part, "the name of an op");
    }
    ops.emplace_back(part);
  }
  return ops;
}

}  // namespace motley::fake
