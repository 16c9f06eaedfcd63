#include "engine/exec/stage.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/exec/bind.h"
#include "engine/exec/side.h"
#include "engine/exec/step_inputs.h"
#include "engine/sampler/sampler.h"

namespace motley {
namespace {

// Logits of so many bytes at once; a prompt that is scored passes through the head in chunks.
constexpr int64_t kLogitBytes = 16 << 20;
constexpr int kMinHeadRows = 16;
constexpr int kMaxHeadRows = 64;

int HeadRows(const ModelGraph& graph, const StageShape& shape) {
  const int64_t fit = kLogitBytes / (int64_t{graph.hyper.vocabulary} * 4);
  return std::min(shape.max_rows,
                  static_cast<int>(std::clamp<int64_t>(fit, kMinHeadRows, kMaxHeadRows)));
}

template <class F>
void ForEachOperand(const SymbolicOp& op, F&& f) {
  SymbolicOp copy = op;  // ForEach hands out references that may be written
  std::visit([&](auto& o) { o.ForEach(f); }, copy);
}

class DeviceStage : public Stage {
 public:
  DeviceStage(const ModelGraph& graph, const StageShape& shape)
      : graph_(graph), shape_(shape), head_rows_(HeadRows(graph, shape)) {}

  Status Prepare(const Manifest& manifest, Device& device, Device* host,
                 const LoadProgress& progress);
  Status Run(const Batch& batch, std::span<const float> hidden_in, std::span<float> hidden_out,
             std::vector<TokenLogprob>* outputs) override;

  bool embeds() const override { return shape_.first_item == 0; }
  bool has_head() const override {
    return shape_.last_item + 1 == static_cast<int>(graph_.items.size());
  }
  int hidden() const override { return graph_.hyper.hidden; }
  uint64_t weight_bytes() const override { return Total(&Side::weight_bytes); }
  uint64_t kv_bytes() const override { return Total(&Side::kv_bytes); }
  const std::vector<std::string>& host_ops() const override { return host_ops_; }

 private:
  struct PlacedOp {
    const SymbolicOp* op;
    Side* side;
  };
  Status PlaceOps(Device& device, Device* host);
  Result<Side*> SideOf(const SymbolicOp& op, Device* host);
  Status AllocateFor(const PlacedOp& placed);
  Status LoadWeights(const Manifest& manifest, const LoadProgress& progress);
  Status RunItems(int first, int last, const StepInputs& inputs, int outputs, int first_output);
  Status Launch(const PlacedOp& placed, int rows, int outputs, int first_output);
  Status Bring(Side& side, int value, int rows);
  Status RunHead(const Batch& batch, const StepInputs& inputs, std::vector<TokenLogprob>* out);
  Result<std::span<float>> Logits(int rows);
  uint64_t Total(uint64_t (Side::*bytes)() const) const {
    return ((*device_).*bytes)() + (host_ ? ((*host_).*bytes)() : 0);
  }

  const ModelGraph graph_;
  const StageShape shape_;
  const int head_rows_;
  std::unique_ptr<Side> device_, host_;
  std::vector<std::vector<PlacedOp>> items_;  // of first_item..last_item
  std::vector<Side*> valid_;                  // where the newest copy of each value is
  std::vector<std::string> host_ops_;
  std::vector<float> logits_;  // when the device's memory is not the host's
};

// An op runs on the device if it can. The cache of a layer lies where its attention runs, so both
// of its ops go together.
Result<Side*> DeviceStage::SideOf(const SymbolicOp& op, Device* host) {
  const auto shape = [this](Ref ref) { return device_->Shape(ref, shape_.max_rows, head_rows_); };
  const Status supported = device_->device().Supports(BindOp(op, shape_.block_tokens, shape));
  if (supported.ok()) return device_.get();
  const std::string name(std::visit([](const auto& o) { return o.kName; }, op));
  if (!host) {
    return Error::Unsupported(device_->device().info().id + " cannot run " + name + ": " +
                              supported.error().message);
  }
  if (!host_) host_ = TRY(Side::Open(*host, graph_, shape_, head_rows_));
  const std::string line = name + ": " + supported.error().message;
  if (std::ranges::find(host_ops_, line) == host_ops_.end()) host_ops_.push_back(line);
  return host_.get();
}

Status DeviceStage::PlaceOps(Device& device, Device* host) {
  device_ = TRY(Side::Open(device, graph_, shape_, head_rows_));
  for (int item = shape_.first_item; item <= shape_.last_item; ++item) {
    auto& placed = items_.emplace_back();
    bool cache_on_host = false;
    for (const SymbolicOp& op : graph_.items[static_cast<size_t>(item)]) {
      placed.push_back({&op, TRY(SideOf(op, host))});
      const bool cached = std::holds_alternative<op::StoreKv<Ref>>(op) ||
                          std::holds_alternative<op::Attention<Ref>>(op);
      cache_on_host |= cached && placed.back().side == host_.get();
    }
    for (PlacedOp& p : placed) {
      if (cache_on_host && (std::holds_alternative<op::StoreKv<Ref>>(*p.op) ||
                            std::holds_alternative<op::Attention<Ref>>(*p.op))) {
        p.side = host_.get();
      }
      TRY(AllocateFor(p));
    }
  }
  return {};
}

Status DeviceStage::AllocateFor(const PlacedOp& placed) {
  Status status;
  ForEachOperand(*placed.op, [&](Ref ref) {
    if (!status.ok()) return;
    if (ref.kind == Ref::Kind::kValue) {
      status = device_->AllocateValue(ref.index);
      if (status.ok() && placed.side != device_.get())
        status = placed.side->AllocateValue(ref.index);
    }
    if (ref.kind == Ref::Kind::kKeys && !placed.side->HasCaches(ref.index)) {
      status = placed.side->AllocateCaches(ref.index);
    }
  });
  return status;
}

// A weight is read once for each side that uses it, laid out for all the uses it has there.
Status DeviceStage::LoadWeights(const Manifest& manifest, const LoadProgress& progress) {
  std::map<std::pair<Side*, int>, WeightUse> uses;
  const auto add = [&](Side* side, Ref ref, WeightUse use) {
    if (ref.kind != Ref::Kind::kWeight) return;
    const auto [at, fresh] = uses.try_emplace({side, ref.index}, use);
    if (!fresh && at->second != use) at->second = WeightUse::kMatrixAndRows;
  };
  for (const auto& item : items_) {
    for (const PlacedOp& p : item) {
      if (const auto* get = std::get_if<op::GetRows<Ref>>(p.op))
        add(p.side, get->table, WeightUse::kRows);
      else if (const auto* product = std::get_if<op::MulMat<Ref>>(p.op)) {
        for (int i = 0; i < product->count; ++i) {
          add(p.side, product->products[static_cast<size_t>(i)].weight, WeightUse::kMatrix);
          add(p.side, product->products[static_cast<size_t>(i)].bias, WeightUse::kVector);
        }
      } else {
        ForEachOperand(*p.op, [&](Ref ref) { add(p.side, ref, WeightUse::kVector); });
      }
    }
  }
  const Fd file = TRY(OpenForReading(manifest.path));
  uint64_t total = 0, done = 0;
  const auto entry = [&](int weight) {
    return manifest.FindTensor(graph_.weights[static_cast<size_t>(weight)].name);
  };
  for (const auto& [key, use] : uses) total += entry(key.second)->bytes;
  for (const auto& [key, use] : uses) {
    const TensorEntry& tensor = *entry(key.second);
    const auto row_bytes = static_cast<uint64_t>(RowBytes(tensor.type, tensor.cols()));
    const RowReader read = [&](int64_t first, int64_t count, MutableBytes out) -> Status {
      if (out.size() != static_cast<uint64_t>(count) * row_bytes)
        return Error::Internal("row reader: wrong size");
      TRY(ReadAt(file, tensor.offset + static_cast<uint64_t>(first) * row_bytes, out));
      done += out.size();
      if (progress) progress(done, total);
      return {};
    };
    TRY(key.first->LoadWeight(key.second, read, use));
  }
  return {};
}

Status DeviceStage::Prepare(const Manifest& manifest, Device& device, Device* host,
                            const LoadProgress& progress) {
  TRY(PlaceOps(device, host));
  TRY(device_->AllocateValue(kHiddenValue));
  TRY(LoadWeights(manifest, progress));
  valid_.assign(graph_.values.size(), device_.get());
  return {};
}

// The newest copy of a value, on this side.
Status DeviceStage::Bring(Side& side, int value, int rows) {
  Side*& at = valid_[static_cast<size_t>(value)];
  if (at == &side) return {};
  const auto bytes = static_cast<size_t>(rows) *
                     static_cast<size_t>(graph_.values[static_cast<size_t>(value)].cols) *
                     sizeof(float);
  std::vector<std::byte> copy(bytes);
  TRY(at->stream().CopyOut(at->value(value), 0, copy));
  TRY(side.stream().CopyIn(copy, side.value(value), 0));
  at = &side;
  return {};
}

Status DeviceStage::Launch(const PlacedOp& placed, int rows, int outputs, int first_output) {
  Side& side = *placed.side;
  if (host_) {
    Status status;
    ForEachOperand(*placed.op, [&](Ref ref) {
      if (ref.kind != Ref::Kind::kValue || !status.ok()) return;
      const bool of_outputs = graph_.values[static_cast<size_t>(ref.index)].rows == Rows::kOutputs;
      status = Bring(side, ref.index, of_outputs ? outputs : rows);
    });
    TRY(status);
  }
  const auto bind = [&](Ref ref) { return side.Bind(ref, rows, outputs, first_output); };
  return side.stream().Launch(BindOp(*placed.op, shape_.block_tokens, bind));
}

Status DeviceStage::RunItems(int first, int last, const StepInputs& inputs, int outputs,
                             int first_output) {
  for (int item = first; item <= last; ++item) {
    for (const PlacedOp& placed : items_[static_cast<size_t>(item - shape_.first_item)]) {
      TRY(Launch(placed, inputs.rows, outputs, first_output));
    }
  }
  return {};
}

Result<std::span<float>> DeviceStage::Logits(int rows) {
  Side& side = *valid_[static_cast<size_t>(graph_.logits)];
  Buffer& buffer = side.value(graph_.logits);
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(graph_.hyper.vocabulary);
  if (buffer.host()) {
    TRY(side.stream().Sync());
    return std::span(reinterpret_cast<float*>(buffer.host()), count);
  }
  logits_.resize(count);
  TRY(side.stream().CopyOut(buffer, 0, std::as_writable_bytes(std::span(logits_))));
  return std::span(logits_);
}

Status DeviceStage::RunHead(const Batch& batch, const StepInputs& inputs,
                            std::vector<TokenLogprob>* out) {
  const int total = static_cast<int>(batch.outputs.size());
  const auto vocabulary = static_cast<size_t>(graph_.hyper.vocabulary);
  for (int first = 0; first < total; first += head_rows_) {
    const int count = std::min(head_rows_, total - first);
    TRY(RunItems(shape_.last_item, shape_.last_item, inputs, count, first));
    const std::span<float> logits = TRY(Logits(count));
    for (int i = 0; i < count; ++i) {
      const BatchOutput& output = batch.outputs[static_cast<size_t>(first + i)];
      const BatchRow& row = batch.rows[static_cast<size_t>(output.row)];
      out->push_back(Sample(logits.subspan(static_cast<size_t>(i) * vocabulary, vocabulary),
                            batch.sequences[static_cast<size_t>(row.sequence)], output,
                            row.position + 1));
    }
  }
  return {};
}

Status DeviceStage::Run(const Batch& batch, std::span<const float> hidden_in,
                        std::span<float> hidden_out, std::vector<TokenLogprob>* outputs) {
  const StepInputs inputs = TRY(MakeStepInputs(batch, shape_, graph_.hyper.vocabulary));
  TRY(device_->SetInputs(inputs));
  if (host_) TRY(host_->SetInputs(inputs));
  const auto values = static_cast<size_t>(inputs.rows) * static_cast<size_t>(hidden());
  valid_[kHiddenValue] = device_.get();
  if (!embeds()) {
    if (hidden_in.size() != values)
      return Error::Invalid("hidden", "the hidden state does not match the batch");
    TRY(device_->stream().CopyIn(std::as_bytes(hidden_in), device_->value(kHiddenValue), 0));
  }
  TRY(RunItems(shape_.first_item, has_head() ? shape_.last_item - 1 : shape_.last_item, inputs, 0,
               0));
  if (has_head()) return RunHead(batch, inputs, outputs);
  if (hidden_out.size() != values) return Error::Invalid("hidden", "no room for the hidden state");
  Side& at = *valid_[kHiddenValue];
  return at.stream().CopyOut(at.value(kHiddenValue), 0, std::as_writable_bytes(hidden_out));
}

}  // namespace

Result<std::unique_ptr<Stage>> Stage::Load(const Manifest& manifest, const ModelGraph& graph,
                                           Device& device, Device* host, const StageShape& shape,
                                           const LoadProgress& progress) {
  const int items = static_cast<int>(graph.items.size());
  if (shape.first_item < 0 || shape.last_item < shape.first_item || shape.last_item >= items) {
    return Error::Invalid("stage", "items " + std::to_string(shape.first_item) + "-" +
                                       std::to_string(shape.last_item) + " of a model with " +
                                       std::to_string(items));
  }
  auto stage = std::make_unique<DeviceStage>(graph, shape);
  TRY(stage->Prepare(manifest, device, host, progress));
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace motley
