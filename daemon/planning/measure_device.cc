#include "daemon/planning/measure_device.h"

#include <algorithm>

#include "daemon/planning/model_facts.h"
#include "daemon/wire/worker.pb.h"

namespace motley {
namespace {

using Point = wire::Measure::Point;

// The first are needed by every plan, however slow the device or busy the machine.
constexpr double kNeededSeconds = 120, kBodySeconds = 7.5, kHeadSeconds = 2.0;
constexpr int kReadyMs = 30'000, kLoadMs = 60'000, kMeasureMs = 180'000;
// Models above this are measured on their first layers; below it all of them, so that caches help
// no more than later.
constexpr double kSampleBytes = 1.5e9;
constexpr int kSampleLayers = 4;
constexpr int kBatchPast = 64;
// A batch with long contexts: what a token of context costs when several sequences share the step.
constexpr int kLongBatch = 8, kLongPast = 512;
constexpr int kRows = 512, kBlockTokens = 32, kBlocks = 136, kSequences = 16;

// Layers of a model that are measured.
int MeasuredLayers(const Manifest& manifest, const ModelGraph& graph) {
  return static_cast<double>(manifest.file_bytes) > kSampleBytes
             ? std::min(kSampleLayers, graph.hyper.layers)
             : graph.hyper.layers;
}

void Add(wire::Measure* to, int rows, int past, bool prefill) {
  Point* point = to->add_points();
  point->set_rows(rows);
  point->set_past(past);
  point->set_prefill(prefill);
}

wire::Load LoadRequest(const std::string& path, int first, int last) {
  wire::Load load;
  load.set_model_path(path);
  load.set_first_item(first);
  load.set_last_item(last);
  load.set_max_rows(kRows);
  load.set_max_sequences(kSequences);
  load.set_kv_blocks(kBlocks);
  load.set_block_tokens(kBlockTokens);
  return load;
}

// Cheap points first: what the budget does not reach is extrapolated.
const std::pair<int, int> kDecode[] = {{1, 16}, {1, 1000}};
const int kBatches[] = {4, 16};
constexpr int kLeastPrefill = 16;
const int kPrefill[] = {64, 128, 256, 512};
constexpr int kPastRows = 128, kPastTokens = 1024;

wire::Measure NeededPoints() {
  wire::Measure request;
  request.set_budget_s(kNeededSeconds);
  for (const auto& [rows, past] : kDecode) Add(&request, rows, past, false);
  Add(&request, kLeastPrefill, 0, true);
  return request;
}

wire::Measure FurtherPoints() {
  wire::Measure request;
  request.set_budget_s(kBodySeconds);
  for (const int batch : kBatches) Add(&request, batch, kBatchPast, false);
  Add(&request, kLongBatch, kLongPast, false);
  for (const int rows : kPrefill) {
    Add(&request, rows, 0, true);
    if (rows == kPastRows) Add(&request, rows, kPastTokens, true);
  }
  return request;
}

// What the points are taken apart with: what the stage computes after its layers, and what of a
// context the layers attend to.
struct Known {
  TimeTable head;
  Workload workload;
  double More(double past, double from, double rows) const {
    const double own = (rows + 1) / 2;
    return rows * (MeanAttended(workload, past + own) - MeanAttended(workload, from + own));
  }
};

void Take(const Point& p, double us, const Known& known, StepTimes* out) {
  us = std::max(0.0, us - InterpolateFromFirst(known.head, p.prefill() ? 1 : p.rows()));
  if (!p.prefill() && p.rows() == 1) {
    out->decode_by_past.emplace_back(p.past(), us);
  } else if (!p.prefill() && p.past() == kBatchPast) {
    out->decode_by_batch.emplace_back(p.rows(), us);
  } else if (!p.prefill()) {
    const double less = Interpolate(out->decode_by_batch, p.rows());
    out->batch_attention_us_per_token =
        std::max(0.0, us - less) / (p.rows() * known.More(kLongPast, kBatchPast, 1));
  } else if (p.past() == 0) {
    out->prefill.emplace_back(p.rows(), us);
  } else {
    out->attention_us_per_row_token =
        std::max(0.0, us - Interpolate(out->prefill, p.rows())) / known.More(p.past(), 0, p.rows());
  }
}

Status MeasurePoints(WorkerProcess& worker, const wire::Measure& request, const Known& known,
                     StepTimes* out) {
  const wire::Measured measured = TRY(worker.Measure(request, kMeasureMs));
  for (int i = 0; i < std::min(measured.us_size(), request.points_size()); ++i) {
    out->waited = std::max(out->waited, measured.waited(i));
    Take(request.points(i), measured.us(i), known, out);
  }
  return {};
}

Status MeasureBody(WorkerProcess& worker, const Known& known, StepTimes* out) {
  TRY(MeasurePoints(worker, NeededPoints(), known, out));
  TRY(MeasurePoints(worker, FurtherPoints(), known, out));
  if (out->decode_by_past.size() < 2 || out->prefill.empty()) {
    return Error::Unavailable(worker.device() + " is too slow to be measured");
  }
  return {};
}

Status MeasureHead(WorkerProcess& worker, StepTimes* out) {
  wire::Measure request;
  request.set_budget_s(kHeadSeconds);
  for (const int rows : {1, 4, 16}) Add(&request, rows, 0, false);
  const wire::Measured measured = TRY(worker.Measure(request, kMeasureMs));
  for (int i = 0; i < measured.us_size(); ++i) {
    out->head.emplace_back(request.points(i).rows(), measured.us(i));
    out->waited = std::max(out->waited, measured.waited(i));
  }
  if (out->head.empty()) return Error::Unavailable(worker.device() + " is too slow to be measured");
  return {};
}

}  // namespace

Result<StepTimes> MeasureDevice(const std::string& model_path, const Manifest& manifest,
                                const ModelGraph& graph, const DeviceChoice& device,
                                const std::function<void(double)>& progress) {
  const auto part = [&](double from, double to) {
    return [&progress, from, to](uint64_t done, uint64_t total) {
      if (progress && total > 0) {
        progress(from + (to - from) * static_cast<double>(done) / static_cast<double>(total));
      }
    };
  };
  WorkerProcess worker = TRY(WorkerProcess::Start(device));
  TRY(worker.WaitReady(kReadyMs));
  const int layers = MeasuredLayers(manifest, graph);
  const int head = static_cast<int>(graph.items.size()) - 1;
  StepTimes times;
  times.layers = layers;
  times.batch_past = kBatchPast;
  TRY(worker.Load(LoadRequest(model_path, head, head), part(0, 0.1), kLoadMs));
  TRY(MeasureHead(worker, &times));
  if (progress) progress(0.3);
  // Layers whose model is measured whole run with its head, which leaves the caches as in service.
  const bool whole = layers == graph.hyper.layers;
  TRY(worker.Load(LoadRequest(model_path, 0, whole ? head : layers), part(0.3, 0.5), kLoadMs));
  const Known known{whole ? times.head : TimeTable(), MakeWorkload(manifest, graph, 1)};
  TRY(MeasureBody(worker, known, &times));
  if (progress) progress(1);
  return times;
}

}  // namespace motley
