#include "daemon/profiling/report.h"

#include <algorithm>
#include <cmath>

#include "backends/profiler/fit.h"
#include "daemon/planning/measure_device.h"

namespace motley {
namespace {

constexpr size_t kLeastPoints = 4;    // to be fitted without the disturbed ones
constexpr double kMostSpread = 0.25;  // of a point that is fitted
constexpr double kMostMedian = 0.05, kMostP95 = 0.15;
constexpr double kSmall = 4096, kMiddle = 1 << 20, kLarge = 16 << 20;  // bytes of a copy

FitPoint PointOf(const OpPoint& p) { return {p.x, p.bytes, p.flops, p.us}; }

bool Trusted(const OpPoint& p) { return p.waited <= kDisturbedWait && p.spread <= kMostSpread; }

FittedOp Fit(const std::string& op, const std::string& type,
             const std::vector<const OpPoint*>& points) {
  std::vector<FitPoint> trusted, all;
  for (const OpPoint* p : points) {
    all.push_back(PointOf(*p));
    if (Trusted(*p)) trusted.push_back(all.back());
  }
  const auto& used = trusted.size() >= kLeastPoints ? trusted : all;
  FittedOp out{op, type};
  out.points = static_cast<int>(used.size());
  out.disturbed = static_cast<int>(all.size() - used.size());
  const auto curve = FitCurve(op, type, used);
  if (!curve.ok()) return out;
  out.regimes = curve->regimes;
  const auto held_out = HeldOutErrors(used);
  if (!held_out.ok()) return out;
  for (const HeldOut& h : *held_out) {
    const auto same = std::ranges::find_if(points, [&](const OpPoint* p) {
      return p->x == h.point.x && p->bytes == h.point.bytes && p->us == h.point.us;
    });
    const std::string where = same == points.end() ? "" : (*same)->where;
    out.unseen.push_back({h.regime, h.error, where, h.point.us, h.predicted_us});
  }
  return out;
}

// Of the point with that name in a sweep of rates.
double BestRate(const OpProfile& profile, const std::string& sweep,
                double (*rate)(const OpPoint&)) {
  double best = 0;
  for (const OpPoint& p : profile.points) {
    if (p.sweep == sweep || (p.sweep.starts_with(sweep) && sweep.ends_with("."))) {
      best = std::max(best, rate(p));
    }
  }
  return best;
}

double BytesRate(const OpPoint& p) { return p.bytes / p.us * 1e6; }
double FlopsRate(const OpPoint& p) { return p.flops / p.us * 1e6; }

PeakRates PeakOf(const OpProfile& profile) {
  PeakRates peak;
  peak.bytes_per_s = BestRate(profile, "roof.read", BytesRate);
  if (peak.bytes_per_s <= 0) peak.bytes_per_s = BestRate(profile, "gemm.", BytesRate);
  if (peak.bytes_per_s <= 0) peak.bytes_per_s = BestRate(profile, "small", BytesRate);
  peak.f16_flops = BestRate(profile, "roof.f32", FlopsRate);
  if (peak.f16_flops <= 0) peak.f16_flops = BestRate(profile, "gemm.f16", FlopsRate);
  peak.int8_ops = BestRate(profile, "roof.int8", FlopsRate);
  if (peak.int8_ops <= 0) peak.int8_ops = BestRate(profile, "gemm.q8_0", FlopsRate);
  for (const OpPoint& p : profile.points) {
    if (p.sweep == "launch" && p.where == "queued") peak.launch_us = p.us;
  }
  return peak;
}

struct Way {
  double latency_us = 0, us_per_byte = 0;
};

// Nothing where the copies were not measured.
Way WayOf(const OpProfile& profile, const std::string& copies) {
  std::vector<FitPoint> points;
  for (const OpPoint& p : profile.points) {
    if (p.op == copies) points.push_back(PointOf(p));
  }
  const auto curve = FitCurve(copies, "", points);
  if (!curve.ok()) return {};
  const double small = curve->Predict(kSmall, kSmall, 0),
               middle = curve->Predict(kMiddle, kMiddle, 0),
               large = curve->Predict(kLarge, kLarge, 0);
  const double slope = (large - middle) / (kLarge - kMiddle);
  return {std::max(0.0, small - kSmall * slope), std::max(slope, 1e-9)};
}

LinkProfile LinkOf(const std::string& from, const std::string& to, std::vector<Way> ways) {
  LinkProfile link{from, to};
  double us_per_byte = 0;
  for (const Way& way : ways) {
    link.latency_us += way.latency_us;
    us_per_byte += way.us_per_byte;
  }
  link.bytes_per_s = us_per_byte > 0 ? 1e6 / us_per_byte : 0;
  return link;
}

}  // namespace

std::vector<FittedOp> FitOps(const OpProfile& profile) {
  std::vector<std::pair<std::string, std::string>> order;
  for (const OpPoint& p : profile.points) {
    const std::pair name(p.op, p.type);
    if (!p.op.empty() && std::ranges::find(order, name) == order.end()) order.push_back(name);
  }
  std::vector<FittedOp> out;
  for (const auto& [op, type] : order) {
    std::vector<const OpPoint*> points;
    for (const OpPoint& p : profile.points) {
      if (p.op == op && p.type == type) points.push_back(&p);
    }
    out.push_back(Fit(op, type, points));
  }
  return out;
}

std::vector<FittedOp> FitLayerTables(const DeviceProfile& device) {
  std::vector<FittedOp> out;
  if (!device.layer_times) return out;
  const auto add = [&](const char* phase, const TimeTable& table) {
    std::vector<OpPoint> points;
    for (const auto& [tokens, us] : table) {
      OpPoint point;
      point.where = std::to_string(static_cast<int64_t>(tokens)) + " tokens";
      point.x = point.flops = tokens;
      point.bytes = 1;
      point.us = us;
      points.push_back(point);
    }
    std::vector<const OpPoint*> all;
    for (const OpPoint& point : points) all.push_back(&point);
    if (!all.empty()) out.push_back(Fit("layer", phase, all));
  };
  add("prefill", device.layer_times->prefill);
  add("decode", device.layer_times->decode);
  return out;
}

bool FitQuality::ok() const { return median <= kMostMedian && p95 <= kMostP95; }

FitQuality QualityOf(const std::vector<FittedOp::Unseen>& unseen) {
  std::vector<double> errors;
  for (const auto& u : unseen) errors.push_back(u.error);
  return {static_cast<int>(errors.size()), Quantile(errors, 0.5), Quantile(errors, 0.95)};
}

FitQuality QualityOf(const std::vector<FittedOp>& ops) {
  std::vector<FittedOp::Unseen> all;
  for (const FittedOp& op : ops) all.insert(all.end(), op.unseen.begin(), op.unseen.end());
  return QualityOf(all);
}

DeviceProfile DeviceOf(const OpProfile& profile) {
  DeviceProfile device;
  device.id = profile.id;
  device.kind = profile.kind;
  device.name = profile.name;
  device.memory_bytes = profile.memory_bytes;
  device.usable_bytes = profile.usable_bytes;
  for (const FittedOp& op : FitOps(profile)) {
    if (op.op.starts_with("copy.")) continue;  // they are links
    device.ops.insert(device.ops.end(), op.regimes.begin(), op.regimes.end());
  }
  if (const PeakRates peak = PeakOf(profile); peak.bytes_per_s > 0) device.peak = peak;
  return device;
}

MachineProfile MachineOf(const std::vector<OpProfile>& profiles, const LinkProfile& ring) {
  MachineProfile machine;
  machine.name = "this machine";
  machine.default_link = ring;
  machine.default_link.from = machine.default_link.to = "";
  const Way between{ring.latency_us, ring.bytes_per_s > 0 ? 1e6 / ring.bytes_per_s : 0};
  const auto add = [&](const LinkProfile& link) {
    if (link.bytes_per_s > 0) machine.links.push_back(link);
  };
  std::vector<Way> in, out;
  for (const OpProfile& p : profiles) {
    machine.devices.push_back(DeviceOf(p));
    in.push_back(WayOf(p, "copy.h2d"));
    out.push_back(WayOf(p, "copy.d2h"));
    if (in.back().us_per_byte > 0) add(LinkOf("host", p.id, {in.back()}));
    if (out.back().us_per_byte > 0) add(LinkOf(p.id, "host", {out.back()}));
  }
  for (size_t a = 0; a < profiles.size(); ++a) {
    for (size_t b = 0; b < profiles.size(); ++b) {
      const bool known = out[a].us_per_byte > 0 && in[b].us_per_byte > 0;
      if (a != b && known) add(LinkOf(profiles[a].id, profiles[b].id, {out[a], between, in[b]}));
    }
  }
  return machine;
}

Result<MachineProfile> MachineOf(const std::vector<OpProfile>& profiles) {
  const LinkProfile ring = TRY(MeasureHostLink());
  return MachineOf(profiles, ring);
}

Difference Compare(const OpProfile& a, const OpProfile& b) {
  Difference out;
  std::vector<double> changes;
  for (const OpPoint& p : b.points) {
    const auto same = std::ranges::find_if(
        a.points, [&](const OpPoint& q) { return q.sweep == p.sweep && q.where == p.where; });
    if (same == a.points.end() || !Trusted(p) || !Trusted(*same)) continue;
    changes.push_back(std::abs(p.us / same->us - 1));
    if (changes.back() < out.worst) continue;
    out.worst = changes.back();
    out.worst_at = p.sweep + " " + p.where;
  }
  out.points = static_cast<int>(changes.size());
  out.median = Quantile(changes, 0.5);
  return out;
}

std::vector<RateChange> Compare(const MachineProfile& a, const MachineProfile& b) {
  std::vector<RateChange> out;
  const auto entry = [&](const std::string& device, const OpFit& fit) -> RateChange& {
    for (RateChange& change : out) {
      if (change.device == device && change.op == fit.op && change.type == fit.type) return change;
    }
    return out.emplace_back(RateChange{device, fit.op, fit.type});
  };
  for (const DeviceProfile& device : a.devices) {
    for (const OpFit& fit : device.ops) {
      RateChange& change = entry(device.id, fit);
      if (change.bytes_a == 0) change.t0_a = fit.t0_us;
      change.bytes_a = std::max(change.bytes_a, fit.bytes_per_us);
      change.flops_a = std::max(change.flops_a, fit.flops_per_us);
    }
  }
  for (const DeviceProfile& device : b.devices) {
    for (const OpFit& fit : device.ops) {
      RateChange& change = entry(device.id, fit);
      if (change.bytes_b == 0) change.t0_b = fit.t0_us;
      change.bytes_b = std::max(change.bytes_b, fit.bytes_per_us);
      change.flops_b = std::max(change.flops_b, fit.flops_per_us);
    }
  }
  return out;
}

}  // namespace motley
