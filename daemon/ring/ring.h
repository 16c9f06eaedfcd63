#pragma once
// Frames of bytes through shared memory from one process to another: single producer, single
// consumer. Measured against alternatives in tests/bench/ring_bench.cc: half a microsecond where a
// socket takes fifty.
//
// One side makes the memory (Ring::Make) and hands its descriptor over a socket; each side opens it
// once, as Writer or Reader, and uses that from one thread. A frame is contiguous: it is written
// and read in place, without a copy. Neither side trusts the other: every number read from the
// shared part is taken once and checked against the size of the mapping, which is sealed. Nothing
// in it is an address.
//
// Waiting spins `spin_us` and then sleeps on a futex in the shared part.

#include <cstdint>
#include <span>

#include "base/os.h"
#include "base/result.h"

namespace motley {

struct RingLayout;  // the shared part, ring.cc

class Ring {
 public:
  // Shared memory for frames of up to `max_frame` bytes; the ring holds at least two of them.
  static Result<Fd> Make(const std::string& name, size_t max_frame);
};

class RingWriter {
 public:
  static Result<RingWriter> Open(const Fd& memory);
  size_t max_frame() const { return max_frame_; }

  // Room for a frame of `bytes`, waiting at most `timeout_us` for the reader to make it. Cancelled:
  // it did not; InvalidArgument: above max_frame(), or the reader's index is damaged.
  Result<std::span<std::byte>> Reserve(size_t bytes, int64_t timeout_us);
  // Hands the first `bytes` of what was reserved to the reader.
  void Commit(size_t bytes);

 private:
  RingWriter(Mapping memory, size_t capacity, size_t max_frame);
  RingLayout& shared() const;
  Mapping memory_;
  size_t capacity_ = 0, max_frame_ = 0;
  uint64_t head_ = 0;      // bytes written so far: ours alone, the shared copy is for the reader
  uint64_t reserved_ = 0;  // where the reserved frame starts
};

class RingReader {
 public:
  static Result<RingReader> Open(const Fd& memory);

  // The oldest frame, waiting at most `timeout_us` for one, of which at most `spin_us` awake.
  // Cancelled: none came; InvalidArgument: the writer's part is damaged. The frame stays readable
  // until Release.
  Result<std::span<const std::byte>> Peek(int64_t timeout_us, int64_t spin_us);
  void Release();

 private:
  RingReader(Mapping memory, size_t capacity);
  RingLayout& shared() const;
  Result<std::span<const std::byte>> Front();
  Mapping memory_;
  size_t capacity_ = 0;
  uint64_t tail_ = 0;   // bytes released so far
  uint64_t after_ = 0;  // tail once the peeked frame is released
};

}  // namespace motley
