#pragma once
// A contiguous run of a model's items on one device: its weights, KV memory and scratch, and how
// one step runs there. Owned and used by one thread of a worker (or of a test). Errors of Load:
// OutOfMemory (needs, has), Unsupported (an op that neither the device nor the host can run,
// named), InvalidArgument (file); of Run: what the device says.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "base/result.h"
#include "engine/gguf/manifest.h"
#include "engine/model/graph.h"
#include "scheduler/executor.h"

namespace motley {

struct StageShape {
  int first_item = 0, last_item = 0;  // inclusive
  int max_rows = 512;                 // rows of one step
  int max_sequences = 64;
  int kv_blocks = 256;
  int block_tokens = 32;
};

// Bytes of weights read so far and in all.
using LoadProgress = std::function<void(uint64_t done, uint64_t total)>;

class Stage {
 public:
  // `host` runs the ops that `device` does not support; nullptr: such an op is an error. Both
  // outlive the stage.
  static Result<std::unique_ptr<Stage>> Load(const Manifest& manifest, const ModelGraph& graph,
                                             Device& device, Device* host, const StageShape& shape,
                                             const LoadProgress& progress);
  virtual ~Stage() = default;

  // One step. `hidden_in` [rows, hidden] comes from the stage before (empty when this one embeds);
  // `hidden_out` [rows, hidden] is filled for the stage after (empty when this one has the head;
  // then `outputs` gets one entry for each of batch.outputs). A batch out of the shape's bounds is
  // InvalidArgument.
  virtual Status Run(const Batch& batch, std::span<const float> hidden_in,
                     std::span<float> hidden_out, std::vector<TokenLogprob>* outputs) = 0;

  virtual bool embeds() const = 0;
  virtual bool has_head() const = 0;
  virtual int hidden() const = 0;
  virtual uint64_t weight_bytes() const = 0;
  virtual uint64_t kv_bytes() const = 0;
  // Ops that run on the host instead of the device: "attention (f16 cache)", ...
  virtual const std::vector<std::string>& host_ops() const = 0;
};

}  // namespace motley
