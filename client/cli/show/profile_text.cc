#include "client/cli/show/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "client/cli/output.h"

namespace motley {
namespace {

using nlohmann::json;

constexpr double kNoRate = 1e12;  // a fitted rate that nothing asked for

std::string Percent(double part) { return fmt::format("{:.1f} %", part * 100); }

// Bytes or operations per microsecond as G per second.
std::string Giga(double per_us) {
  if (per_us <= 0 || per_us >= kNoRate) return "-";
  return fmt::format("{:.{}f}", per_us / 1e3, per_us < 1e5 ? 1 : 0);
}

struct SweepSummary {
  std::string sweep;
  int points = 0, disturbed = 0;
  double bytes = 0, flops = 0, least_us = 0;  // best rates per us
  std::vector<double> spreads;
};

std::vector<SweepSummary> Summaries(const OpProfile& profile) {
  std::vector<SweepSummary> out;
  for (const OpPoint& p : profile.points) {
    auto same = std::ranges::find(out, p.sweep, &SweepSummary::sweep);
    if (same == out.end()) same = out.insert(out.end(), SweepSummary{p.sweep});
    SweepSummary& s = *same;
    ++s.points;
    s.disturbed += Disturbed(p);
    s.bytes = std::max(s.bytes, p.bytes / p.us);
    s.flops = std::max(s.flops, p.flops / p.us);
    s.least_us = s.least_us > 0 ? std::min(s.least_us, p.us) : p.us;
    s.spreads.push_back(p.spread);
  }
  return out;
}

std::string Headline(const OpProfile& profile) {
  const DeviceProfile device = DeviceOf(profile);
  if (!device.peak) return "";
  const MachineProfile machine = MachineOf({profile}, LinkProfile());
  const double in = machine.Link("host", profile.id).bytes_per_s;
  std::string out = fmt::format("memory {:.1f} GB/s", device.peak->bytes_per_s * 1e-9);
  if (device.peak->int8_ops > 0) {
    out += fmt::format(", int8 {:.2f} TOP/s", device.peak->int8_ops * 1e-12);
  }
  if (device.peak->f16_flops > 0) {
    out += fmt::format(", float {:.2f} TFLOP/s", device.peak->f16_flops * 1e-12);
  }
  if (in > 0) out += fmt::format(", host to device {:.1f} GB/s", in * 1e-9);
  if (device.peak->launch_us > 0) out += fmt::format(", launch {:.2f} us", device.peak->launch_us);
  return out;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

json ToJson(const FittedOp& op) {
  json regimes = json::array();
  for (const OpFit& fit : op.regimes) {
    regimes.push_back({{"regime", fit.regime},
                       {"t0_us", fit.t0_us},
                       {"bytes_per_us", fit.bytes_per_us},
                       {"flops_per_us", fit.flops_per_us},
                       {"p", fit.p}});
  }
  const FitQuality quality = QualityOf(op.unseen);
  return {{"op", op.op},
          {"type", op.type.empty() ? json(nullptr) : json(op.type)},
          {"points", op.points},
          {"disturbed", op.disturbed},
          {"regimes", regimes},
          {"unseen", quality.points},
          {"median_error", quality.median},
          {"p95_error", quality.p95}};
}

constexpr size_t kShownWorst = 5;

// The points that the fits missed by most.
std::string Worst(const std::string& id, const std::vector<FittedOp>& ops) {
  std::vector<std::pair<const FittedOp*, FittedOp::Unseen>> all;
  for (const FittedOp& op : ops) {
    for (const auto& unseen : op.unseen) all.push_back({&op, unseen});
  }
  std::ranges::sort(all, std::greater(), [](const auto& entry) { return entry.second.error; });
  std::string out;
  for (size_t i = 0; i < std::min(all.size(), kShownWorst); ++i) {
    const auto& [op, unseen] = all[i];
    out += fmt::format("  {} {}{} {}: predicted {:.2f} us, measured {:.2f} us ({})\n", id, op->op,
                       op->type.empty() ? "" : " " + op->type, unseen.where, unseen.predicted_us,
                       unseen.measured_us, Percent(unseen.error));
  }
  return out.empty() ? "" : "farthest off:\n" + out;
}

std::string FitTable(const std::string& id, const std::vector<FittedOp>& ops) {
  Table table({"DEVICE", "OP", "TYPE", "REGIME", "POINTS", "UNSEEN", "MEDIAN", "P95", ""});
  table.AlignRight({4, 5, 6, 7});
  for (const FittedOp& op : ops) {
    for (const OpFit& fit : op.regimes) {
      std::vector<FittedOp::Unseen> unseen = op.unseen;
      std::erase_if(unseen, [&](const auto& u) { return u.regime != fit.regime; });
      const FitQuality quality = QualityOf(unseen);
      table.Add({id, op.op, op.type.empty() ? "-" : op.type, fit.regime, std::to_string(op.points),
                 std::to_string(quality.points), quality.points ? Percent(quality.median) : "-",
                 quality.points ? Percent(quality.p95) : "-", quality.ok() ? "" : "!"});
    }
  }
  return table.Text() + Worst(id, ops);
}

}  // namespace

std::string ResultTable(const ProfiledDevice& device) {
  const OpProfile& profile = device.run.profile;
  if (!profile.self_test.ok()) {
    return fmt::format("{}: failed: {} {} computes wrong numbers: {}\n", profile.id,
                       profile.self_test.op, profile.self_test.type, profile.self_test.reason);
  }
  Table table({"DEVICE", "SWEEP", "POINTS", "GB/S", "GOP/S", "LEAST US", "SPREAD", "DISTURBED"});
  table.AlignRight({2, 3, 4, 5, 6, 7});
  for (const SweepSummary& s : Summaries(profile)) {
    table.Add({profile.id, s.sweep, std::to_string(s.points), Giga(s.bytes), Giga(s.flops),
               fmt::format("{:.2f}", s.least_us), Percent(Median(s.spreads)),
               std::to_string(s.disturbed)});
  }
  std::string out = profile.points.empty() ? "" : table.Text();
  for (const OpPoint& p : profile.points) {
    if (!p.note.empty()) out += fmt::format("  {} {}: {}\n", profile.id, p.sweep, p.note);
  }
  for (const SkippedSweep& s : profile.skipped) {
    out += fmt::format("  {} {}: not measured, {}\n", profile.id, s.sweep, s.reason);
  }
  if (const std::string best = Headline(profile); !best.empty()) {
    out += fmt::format("{}: {}; {} ops right\n", profile.id, best, profile.self_test.cases);
  }
  if (device.from_last && device.from_last->points > 0) {
    out +=
        fmt::format("{}: the median op differs by {} from the last profile ({} points, most: {})\n",
                    profile.id, Percent(device.from_last->median), device.from_last->points,
                    Percent(device.from_last->worst) + " at " + device.from_last->worst_at);
  }
  return out;
}

std::string CheckTable(const OpProfile& profile) {
  const auto ops = FitOps(profile);
  const FitQuality all = QualityOf(ops);
  int disturbed = 0;
  for (const FittedOp& op : ops) disturbed += op.disturbed;
  std::string out = FitTable(profile.id, ops);
  out += fmt::format(
      "{}: {}; {} points that the fits did not see: median {}, 95th percentile {}; "
      "allowed 5 % and 15 %\n",
      profile.id, all.ok() ? "the fits hold" : "the fits do not hold", all.points,
      Percent(all.median), Percent(all.p95));
  if (disturbed > 0) {
    out += fmt::format("{}: {} points were disturbed by other programs and left out\n", profile.id,
                       disturbed);
  }
  return out;
}

std::string LayerCheckTable(const DeviceProfile& device) {
  const auto tables = FitLayerTables(device);
  if (tables.empty()) return device.id + ": has no layer_times\n";
  const FitQuality all = QualityOf(tables);
  return FitTable(device.id, tables) +
         fmt::format(
             "{}: layer_times, {} points that the fits did not see: median {}, 95th "
             "percentile {}; allowed: median {}\n",
             device.id, all.points, Percent(all.median), Percent(all.p95), Percent(kLayerMedian));
}

std::string SweepTable() {
  Table table({"SWEEP", "MEASURES"});
  for (const SweepInfo& sweep : ProfileSweeps()) table.Add({sweep.name, sweep.text});
  return table.Text() +
         "With all of them, and with --only copy: every two devices copying at once "
         "(copy.with.DEVICE).\n";
}

std::string CompareTable(const std::vector<RateChange>& changes) {
  Table table({"DEVICE", "OP", "TYPE", "GB/S A", "GB/S B", "GOP/S A", "GOP/S B", "T0 US A",
               "T0 US B", "B / A"});
  table.AlignRight({3, 4, 5, 6, 7, 8, 9});
  for (const RateChange& c : changes) {
    const bool both = c.bytes_a > 0 && c.bytes_b > 0;
    table.Add({c.device, c.op, c.type.empty() ? "-" : c.type, Giga(c.bytes_a), Giga(c.bytes_b),
               Giga(c.flops_a), Giga(c.flops_b), fmt::format("{:.2f}", c.t0_a),
               fmt::format("{:.2f}", c.t0_b),
               both ? fmt::format("{:.2f}", c.bytes_b / c.bytes_a) : "-"});
  }
  return table.Text();
}

json ToJson(const ProfiledDevice& device) {
  json out = ToJson(device.all);
  out["fits"] = json::array();
  const auto ops = FitOps(device.all);
  for (const FittedOp& op : ops) out["fits"].push_back(ToJson(op));
  const FitQuality quality = QualityOf(ops);
  out["quality"] = {{"unseen", quality.points},
                    {"median_error", quality.median},
                    {"p95_error", quality.p95},
                    {"ok", quality.ok()}};
  out["state"] = device.run.profile.self_test.ok() ? "ready" : "failed";
  out["stopped"] = device.run.stopped;
  out["error"] = device.run.error ? json(device.run.error->message) : json(nullptr);
  out["from_last"] = nullptr;
  if (device.from_last && device.from_last->points > 0) {
    out["from_last"] = {{"points", device.from_last->points},
                        {"median", device.from_last->median},
                        {"worst", device.from_last->worst},
                        {"worst_at", device.from_last->worst_at}};
  }
  return out;
}

json SweepsJson() {
  json out = json::array();
  for (const SweepInfo& s : ProfileSweeps()) out.push_back({{"sweep", s.name}, {"text", s.text}});
  return {{"sweeps", out}};
}

json ToJson(const std::vector<RateChange>& changes) {
  json out = json::array();
  const auto known = [](double rate) { return rate > 0 && rate < kNoRate ? json(rate) : json(); };
  for (const RateChange& c : changes) {
    out.push_back({{"device", c.device},
                   {"op", c.op},
                   {"type", c.type.empty() ? json(nullptr) : json(c.type)},
                   {"bytes_per_us", {known(c.bytes_a), known(c.bytes_b)}},
                   {"flops_per_us", {known(c.flops_a), known(c.flops_b)}},
                   {"t0_us", {c.t0_a, c.t0_b}}});
  }
  return {{"changes", out}};
}

}  // namespace motley
