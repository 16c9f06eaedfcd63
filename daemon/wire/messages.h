#pragma once
// Motley's own types to protobuf and back, and the frames of a ring: [u64 bytes of the Step][hidden
// state, F32][Step]. The hidden state comes first, so that a stage can write it in place before it
// knows its results. Pure functions. A frame that does not decode is InvalidArgument.

#include <span>
#include <vector>

#include "base/os.h"
#include "base/result.h"
#include "daemon/ring/ring.h"
#include "daemon/wire/worker.pb.h"
#include "scheduler/executor.h"

namespace motley {

inline constexpr size_t kControlLimit = 1 << 20;  // bytes of a control message

wire::Failure ToWire(const Error& error);
Error FromWire(const wire::Failure& failure);

wire::Step ToWire(const Batch& batch);
Batch BatchFromWire(const wire::Step& step);
void AddResults(const std::vector<TokenLogprob>& results, wire::Step* step);
Done DoneFromWire(const wire::Step& step);

// Bytes of the largest frame for batches of such a size.
size_t MaxFrameBytes(int max_rows, int max_sequences, int kv_blocks, int hidden);

// One frame to be: reserve, write hidden() in place, Commit.
class FrameWriter {
 public:
  // Room for `hidden_values` floats and a Step. Errors: as RingWriter::Reserve.
  static Result<FrameWriter> Reserve(RingWriter& ring, size_t hidden_values, int64_t timeout_us);
  std::span<float> hidden() const { return hidden_; }
  Status Commit(const wire::Step& step);

 private:
  FrameWriter(RingWriter& ring, std::span<std::byte> frame, size_t hidden_values);
  RingWriter* ring_;
  std::span<std::byte> frame_;
  std::span<float> hidden_;
};

struct StepFrame {
  wire::Step step;
  std::span<const float> hidden;  // inside the ring's frame
};
Result<StepFrame> DecodeFrame(std::span<const std::byte> frame);

Status SendControl(const Fd& socket, const google::protobuf::MessageLite& message,
                   const std::vector<int>& fds = {});

}  // namespace motley
