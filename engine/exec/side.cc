#include "engine/exec/side.h"

namespace motley {
namespace {

// Elements that an input can need at most.
uint64_t InputCapacity(Input input, const StageShape& shape) {
  const auto rows = static_cast<uint64_t>(shape.max_rows);
  if (input != Input::kBlockTable) return rows;
  return static_cast<uint64_t>(shape.max_sequences) * static_cast<uint64_t>(shape.kv_blocks);
}

Tensor Dense(TensorType type, int64_t rows, int64_t cols) {
  Tensor t;
  t.type = type;
  t.rows = rows;
  t.cols = t.stride = cols;
  return t;
}

}  // namespace

Result<std::unique_ptr<Side>> Side::Open(Device& device, const ModelGraph& graph,
                                         const StageShape& shape, int head_rows) {
  std::unique_ptr<Side> side(new Side(device, graph, shape, head_rows));
  side->stream_ = TRY(device.NewStream());
  side->weights_.resize(graph.weights.size());
  side->values_.resize(graph.values.size());
  side->keys_.resize(static_cast<size_t>(graph.layer_items()));
  side->caches_.resize(static_cast<size_t>(graph.layer_items()));
  for (int i = 0; i < kInputs; ++i) {
    const uint64_t bytes = InputCapacity(static_cast<Input>(i), shape) * sizeof(int32_t);
    side->inputs_[static_cast<size_t>(i)] = TRY(device.Allocate(bytes));
  }
  return side;
}

Tensor Side::ShapeOfInput(Input input, int rows, int outputs) const {
  if (input == Input::kBlockTable) {
    return Dense(TensorType::kI32, shape_.max_sequences, std::max(table_blocks_, 1));
  }
  return Dense(TensorType::kI32, input == Input::kOutputRows ? outputs : rows, 1);
}

Tensor Side::Shape(Ref ref, int rows, int outputs) const {
  const auto index = static_cast<size_t>(ref.index);
  switch (ref.kind) {
    case Ref::Kind::kNone:
      return {};
    case Ref::Kind::kWeight: {
      const WeightSpec& spec = graph_.weights[index];
      const bool vector = spec.use == WeightUse::kVector;
      Tensor t = Dense(vector ? TensorType::kF32 : spec.type, spec.rows, spec.cols);
      t.layout = vector ? Layout::kDense : Layout::kDevice;
      return t;
    }
    case Ref::Kind::kValue: {
      const ValueSpec& spec = graph_.values[index];
      return Dense(TensorType::kF32, spec.rows == Rows::kOutputs ? outputs : rows, spec.cols);
    }
    case Ref::Kind::kInput:
      return ShapeOfInput(static_cast<Input>(ref.index), rows, outputs);
    case Ref::Kind::kKeys:
    case Ref::Kind::kValues:
      break;
  }
  const int64_t slots = int64_t{shape_.kv_blocks} * shape_.block_tokens;
  return Dense(device_.KvType(), slots * graph_.hyper.kv_heads, graph_.hyper.head_dim);
}

Tensor Side::Bind(Ref ref, int rows, int outputs, int first_output) const {
  const auto index = static_cast<size_t>(ref.index);
  if (ref.kind == Ref::Kind::kWeight) return weights_[index].tensor;
  Tensor t = Shape(ref, rows, outputs);
  switch (ref.kind) {
    case Ref::Kind::kValue:
      t.handle = values_[index]->handle();
      break;
    case Ref::Kind::kKeys:
      t.handle = keys_[index]->handle();
      break;
    case Ref::Kind::kValues:
      t.handle = caches_[index]->handle();
      break;
    case Ref::Kind::kInput:
      t.handle = inputs_[index]->handle();
      if (static_cast<Input>(ref.index) == Input::kOutputRows) {
        t.offset = first_output * static_cast<int64_t>(sizeof(int32_t));
      }
      break;
    default:
      break;
  }
  return t;
}

Status Side::AllocateValue(int index) {
  auto& value = values_[static_cast<size_t>(index)];
  if (value) return {};
  const ValueSpec& spec = graph_.values[static_cast<size_t>(index)];
  const int rows = spec.rows == Rows::kOutputs ? head_rows_ : shape_.max_rows;
  value = TRY(device_.Allocate(static_cast<uint64_t>(rows) * static_cast<uint64_t>(spec.cols) *
                               sizeof(float)));
  return {};
}

Status Side::AllocateCaches(int layer) {
  const Tensor t = Shape({Ref::Kind::kKeys, layer}, 0, 0);
  const auto bytes = static_cast<uint64_t>(RowBytes(t.type, t.cols) * t.rows);
  keys_[static_cast<size_t>(layer)] = TRY(device_.Allocate(bytes));
  caches_[static_cast<size_t>(layer)] = TRY(device_.Allocate(bytes));
  kv_bytes_ += 2 * bytes;
  return {};
}

Status Side::LoadWeight(int index, const RowReader& read, WeightUse use) {
  WeightSpec spec = graph_.weights[static_cast<size_t>(index)];
  spec.use = use;
  auto& weight = weights_[static_cast<size_t>(index)];
  weight = TRY(device_.LoadWeight(spec, read));
  weight_bytes_ += weight.buffer->size();
  return {};
}

Status Side::SetInputs(const StepInputs& inputs) {
  table_blocks_ = inputs.blocks;
  for (int i = 0; i < kInputs; ++i) {
    const auto& array = inputs.arrays[static_cast<size_t>(i)];
    if (array.empty()) continue;
    TRY(stream_->CopyIn(std::as_bytes(std::span(array)), *inputs_[static_cast<size_t>(i)], 0));
  }
  return {};
}

}  // namespace motley
