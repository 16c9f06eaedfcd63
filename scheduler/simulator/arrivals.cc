#include "scheduler/simulator/arrivals.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/os.h"

namespace motley {
namespace {

constexpr uint64_t kTraceBytes = uint64_t{1} << 30;
constexpr int kMostTokens = 1 << 24;
constexpr uint64_t kMostRequests = 100'000'000;

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// NaN when it is no number.
double ToNumber(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  const bool whole = read.ec == std::errc() && read.ptr == end && std::isfinite(value);
  return whole ? value : std::numeric_limits<double>::quiet_NaN();
}

Error Wrong(const std::string& field, std::string_view text, const std::string& wanted) {
  return Error::Invalid(field, field + " is \"" + std::string(text) + "\", must be " + wanted);
}

// Where the three columns are.
struct Columns {
  std::array<size_t, 3> at{};
};
constexpr std::array<const char*, 3> kColumns = {"arrival_s", "prompt_tokens", "output_tokens"};

Result<Columns> FindColumns(std::string_view header, const std::string& name) {
  const auto titles = Split(header, ',');
  Columns columns;
  for (size_t c = 0; c < kColumns.size(); ++c) {
    size_t at = 0;
    while (at < titles.size() && Trim(titles[at]) != kColumns[c]) ++at;
    if (at == titles.size()) {
      return Error::Invalid(kColumns[c], name + ": the first line names no column " + kColumns[c])
          .Fix("begin the file with arrival_s,prompt_tokens,output_tokens");
    }
    columns.at[c] = at;
  }
  return columns;
}

Result<Arrival> ParseLine(std::string_view line, const Columns& columns, const std::string& where) {
  const auto cells = Split(line, ',');
  std::array<double, 3> values{};
  for (size_t c = 0; c < values.size(); ++c) {
    const std::string_view cell =
        columns.at[c] < cells.size() ? Trim(cells[columns.at[c]]) : std::string_view();
    const double value = ToNumber(cell);
    const double least = c == 0 ? 0 : 1, most = c == 0 ? 1e12 : kMostTokens;
    const bool whole = c == 0 || value == std::floor(value);
    if (!(value >= least && value <= most) || !whole) {
      return Error::Invalid(kColumns[c], where + ": " + kColumns[c] + " is \"" + std::string(cell) +
                                             "\", must be " +
                                             (c == 0 ? "a number of at least 0 and at most 1e12"
                                                     : "a whole number from 1 to 16777216"));
    }
    values[c] = value;
  }
  return Arrival{values[0], static_cast<int>(values[1]), static_cast<int>(values[2])};
}

// SplitMix64 (Steele, Lea, Flood 2014) of a counter: a number depends on (seed, stream, index)
// alone, so that request i has the same lengths whatever the rate.
double Uniform(uint64_t seed, uint64_t stream, uint64_t index) {
  uint64_t x =
      seed * 0xd1342543de82ef95u + stream * 0x632be59bd9b4e019u + (index + 1) * 0x9e3779b97f4a7c15u;
  for (int round = 0; round < 2; ++round) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
  }
  return (static_cast<double>(x >> 11) + 0.5) * 0x1p-53;  // in (0, 1)
}

int DrawLength(const LengthDistribution& lengths, uint64_t seed, uint64_t stream, uint64_t index) {
  if (lengths.kind == LengthDistribution::Kind::kFixed || lengths.mean <= 1) {
    return static_cast<int>(std::lround(std::max(1.0, lengths.mean)));
  }
  const double u = Uniform(seed, stream, index);
  const double more = std::floor(std::log(u) / std::log1p(-1 / lengths.mean));
  return 1 + static_cast<int>(std::min(more, static_cast<double>(kMostTokens - 1)));
}

Result<LengthDistribution> ParseLength(std::string_view text, std::string_view word) {
  const auto parts = Split(text, ':');
  const double mean = ToNumber(Trim(parts[parts.size() > 1 ? 1 : 0]));
  const bool fixed = parts.size() == 3 && Trim(parts[2]) == "fixed";
  if (Trim(parts[0]) != word || !(mean >= 1 && mean <= kMostTokens) || parts.size() > 3 ||
      (parts.size() == 3 && !fixed)) {
    return Wrong("lengths", text,
                 std::string(word) + ":MEAN or " + std::string(word) +
                     ":TOKENS:fixed, from 1 to 16777216 tokens");
  }
  return LengthDistribution{
      fixed ? LengthDistribution::Kind::kFixed : LengthDistribution::Kind::kExponential, mean};
}

}  // namespace

Result<std::vector<Arrival>> ParseTrace(std::string_view text, const std::string& name) {
  std::vector<Arrival> arrivals;
  std::optional<Columns> columns;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    if (!columns) {
      columns = TRY(FindColumns(line, name));
      continue;
    }
    const std::string where = name + ":" + std::to_string(number);
    arrivals.push_back(TRY(ParseLine(line, *columns, where)));
    if (arrivals.size() > 1 && arrivals.back().at_s < arrivals[arrivals.size() - 2].at_s) {
      return Error::Invalid("arrival_s", where + ": arrival_s is before the line above it")
          .Fix("sort the trace by arrival_s");
    }
  }
  if (arrivals.empty()) return Error::Invalid("trace", name + ": the trace has no requests");
  return arrivals;
}

Result<std::vector<Arrival>> ReadTrace(const std::string& path) {
  return ParseTrace(TRY(ReadFile(path, kTraceBytes)), path);
}

Result<ArrivalProcess> ParseArrivals(std::string_view text) {
  const auto parts = Split(text, ':');
  const double number = parts.size() == 2 ? ToNumber(Trim(parts[1])) : 0;
  const std::string_view kind = Trim(parts[0]);
  ArrivalProcess process;
  if (kind == "offline" && number >= 1 && number <= kMostRequests && number == std::floor(number)) {
    process.kind = ArrivalProcess::Kind::kOffline;
    process.count = static_cast<uint64_t>(number);
    return process;
  }
  if (!(number > 0 && number <= 1e9) || (kind != "poisson" && kind != "uniform")) {
    return Wrong("arrivals", text,
                 "poisson:RATE or uniform:RATE (requests per second, over 0), or offline:COUNT");
  }
  process.kind =
      kind == "poisson" ? ArrivalProcess::Kind::kPoisson : ArrivalProcess::Kind::kUniform;
  process.rate_rps = number;
  return process;
}

Result<Lengths> ParseLengths(std::string_view text) {
  const auto parts = Split(text, ',');
  if (parts.size() != 2) {
    return Wrong("lengths", text, "in:MEAN,out:MEAN, each with :fixed behind it or not");
  }
  Lengths lengths;
  lengths.prompt = TRY(ParseLength(parts[0], "in"));
  lengths.output = TRY(ParseLength(parts[1], "out"));
  return lengths;
}

Result<std::vector<Arrival>> DrawArrivals(const ArrivalProcess& process, const Lengths& lengths,
                                          double seconds, uint64_t seed) {
  const bool offline = process.kind == ArrivalProcess::Kind::kOffline;
  const double expected = offline ? static_cast<double>(process.count) : process.rate_rps * seconds;
  if (!(expected <= kMostRequests)) {
    return Error::Invalid("arrivals", std::to_string(expected) +
                                          " requests would arrive, at most 100000000 may")
        .Fix("lower the rate or the seconds");
  }
  std::vector<Arrival> arrivals;
  arrivals.reserve(static_cast<size_t>(expected * 1.01) + 1);
  double at_s = 0;
  for (uint64_t i = 0; offline ? i < process.count : true; ++i) {
    if (process.kind == ArrivalProcess::Kind::kPoisson) {
      at_s -= std::log(Uniform(seed, 0, i)) / process.rate_rps;
    } else if (!offline) {
      at_s = static_cast<double>(i) / process.rate_rps;
    }
    if (!offline && at_s >= seconds) break;
    arrivals.push_back(
        {at_s, DrawLength(lengths.prompt, seed, 1, i), DrawLength(lengths.output, seed, 2, i)});
  }
  return arrivals;
}

}  // namespace motley
