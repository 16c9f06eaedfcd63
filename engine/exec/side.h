#pragma once
// One of the (at most two) devices that a stage's ops run on: the device itself, or the host beside
// it. Holds what the stage has there: weights, values, inputs, caches.

#include <array>
#include <memory>
#include <vector>

#include "backends/backend.h"
#include "engine/exec/stage.h"
#include "engine/exec/step_inputs.h"
#include "engine/model/graph.h"

namespace motley {

class Side {
 public:
  static Result<std::unique_ptr<Side>> Open(Device& device, const ModelGraph& graph,
                                            const StageShape& shape, int head_rows);

  Device& device() { return device_; }
  Stream& stream() { return *stream_; }

  // The operand as it will be, with null handles where nothing is allocated yet: for
  // Device::Supports.
  Tensor Shape(Ref ref, int rows, int outputs) const;
  // The operand in memory. `first_output` is the start of the head's chunk.
  Tensor Bind(Ref ref, int rows, int outputs, int first_output) const;

  Status AllocateValue(int index);
  Status AllocateCaches(int layer);
  Status LoadWeight(int index, const RowReader& read, WeightUse use);
  bool HasWeight(int index) const { return weights_[static_cast<size_t>(index)].buffer != nullptr; }
  bool HasCaches(int layer) const { return keys_[static_cast<size_t>(layer)] != nullptr; }
  Buffer& value(int index) { return *values_[static_cast<size_t>(index)]; }
  uint64_t weight_bytes() const { return weight_bytes_; }
  uint64_t kv_bytes() const { return kv_bytes_; }

  Status SetInputs(const StepInputs& inputs);

 private:
  Side(Device& device, const ModelGraph& graph, const StageShape& shape, int head_rows)
      : device_(device), graph_(graph), shape_(shape), head_rows_(head_rows) {}
  Tensor ShapeOfInput(Input input, int rows, int outputs) const;

  Device& device_;
  const ModelGraph& graph_;
  const StageShape shape_;
  const int head_rows_;
  std::unique_ptr<Stream> stream_;
  std::vector<Weight> weights_;
  std::vector<std::unique_ptr<Buffer>> values_, keys_,
      caches_;  // keys_ and caches_ (of values) by layer
  std::array<std::unique_ptr<Buffer>, kInputs> inputs_;
  int table_blocks_ = 0;
  uint64_t weight_bytes_ = 0, kv_bytes_ = 0;
};

}  // namespace motley
