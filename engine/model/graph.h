#pragma once
// A model as lists of ops, one list per item (embedding, layers..., head), built once from
// hyper-parameters by its family's file. Operands are names for what engine/exec binds to memory.
// Immutable after BuildGraph: any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "base/result.h"
#include "engine/gguf/manifest.h"
#include "engine/model/hyper_parameters.h"
#include "kernels/op.h"

namespace motley {

// What an operand is; `index` says which.
struct Ref {
  enum class Kind : uint8_t {
    kNone,
    kWeight,  // ModelGraph::weights[index]
    kValue,   // ModelGraph::values[index]: F32 [rows of the op's batch, columns]
    kInput,   // an Input below
    kKeys,
    kValues,  // the caches of layer `index`
  };
  Kind kind = Kind::kNone;
  int index = 0;
  explicit operator bool() const { return kind != Kind::kNone; }
};

// What a step brings along. All I32.
enum class Input {
  kTokens,      // [M, 1]
  kPositions,   // [M, 1]
  kSequences,   // [M, 1] row of the block table
  kSlots,       // [M, 1] where the row's keys and values go
  kBlockTable,  // [sequences, blocks of the longest]
  kOutputRows,  // [outputs, 1]: rows whose logits are asked for
};
inline constexpr int kInputs = 6;

using SymbolicOp = op::Any<Ref>;

// Which rows an op works on: all of the batch, or those of the head's current chunk of outputs.
enum class Rows : uint8_t { kBatch, kOutputs };

struct ValueSpec {
  std::string name;
  int cols = 0;
  Rows rows = Rows::kBatch;
};

struct ModelGraph {
  HyperParameters hyper;
  std::vector<WeightSpec> weights;  // with the use that all items together make of them
  std::vector<ValueSpec> values;  // values[0] is the hidden state, the only one that crosses items
  std::vector<std::vector<SymbolicOp>> items;
  int logits = 0;  // the value that the last item leaves them in

  int layer_items() const { return static_cast<int>(items.size()) - 2; }
};
inline constexpr int kHiddenValue = 0;

// Errors: Unsupported (architecture named, with the known ones), InvalidArgument (tensor missing).
Result<ModelGraph> BuildGraph(const Manifest& manifest);

}  // namespace motley
