#include "daemon/ring/ring.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstring>
#include <ctime>

#include "base/clock.h"

namespace motley {

// Head and tail count bytes from the start of time; their place in the data is the count modulo the
// capacity. Each side's words have a cache line of their own.
struct RingLayout {
  uint64_t magic;
  uint64_t capacity;
  uint64_t max_frame;
  alignas(64) std::atomic<uint64_t> head;  // written by the writer
  std::atomic<uint32_t> frames;            // futex word: counts commits
  std::atomic<uint32_t> reader_sleeps;
  alignas(64) std::atomic<uint64_t> tail;  // written by the reader
  std::atomic<uint32_t> releases;          // futex word: counts releases
  std::atomic<uint32_t> writer_sleeps;
  alignas(64) std::byte data[];
};

namespace {

constexpr uint64_t kMagic = 0x31676e6972746f6d;  // "motring1"
constexpr uint64_t kAlign = 64;
constexpr uint64_t kHeader = 8;         // a frame's length
constexpr uint64_t kSkip = UINT64_MAX;  // in place of a length: the frame starts at the next lap
constexpr int64_t kWriterSpinUs = 20;

uint64_t RoundUp(uint64_t value) { return (value + kAlign - 1) / kAlign * kAlign; }

std::atomic_ref<uint64_t> LengthAt(RingLayout& ring, uint64_t capacity, uint64_t count) {
  return std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(ring.data + count % capacity));
}

void FutexWait(std::atomic<uint32_t>& word, uint32_t seen, int64_t timeout_us) {
  const timespec wait{timeout_us / 1'000'000, timeout_us % 1'000'000 * 1000};
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT, seen, &wait, nullptr, 0);
}

void Wake(std::atomic<uint32_t>& word, std::atomic<uint32_t>& sleeps) {
  word.fetch_add(1, std::memory_order_seq_cst);
  if (sleeps.load(std::memory_order_seq_cst) != 0) {
    syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE, INT_MAX, nullptr, nullptr,
            0);
  }
}

// Calls `ready` until it says yes or the time is over: awake for `spin_us`, then asleep on `word`.
template <class Ready>
bool WaitUntil(const Ready& ready, std::atomic<uint32_t>& word, std::atomic<uint32_t>& sleeps,
               int64_t timeout_us, int64_t spin_us) {
  if (ready()) return true;
  const int64_t start = RealClock().NowNs();
  while (true) {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      _mm_pause();
    }
    const int64_t waited_us = (RealClock().NowNs() - start) / 1000;
    if (waited_us >= timeout_us) return false;
    if (waited_us < spin_us) continue;
    sleeps.store(1, std::memory_order_seq_cst);
    const uint32_t seen = word.load(std::memory_order_seq_cst);
    if (!ready()) FutexWait(word, seen, timeout_us - waited_us);
    sleeps.store(0, std::memory_order_relaxed);
  }
}

struct Opened {
  Mapping memory;
  uint64_t capacity, max_frame;
};

Result<Opened> OpenRing(const Fd& fd) {
  Mapping memory = TRY(MapShared(fd, Access::kReadWrite));
  if (memory.size() < sizeof(RingLayout))
    return Error::Invalid("ring", "the memory is too small for a ring");
  const auto& ring = *reinterpret_cast<const RingLayout*>(memory.data());
  const uint64_t capacity = ring.capacity, max_frame = ring.max_frame;
  const bool sound = ring.magic == kMagic && capacity % kAlign == 0 && capacity > 0 &&
                     capacity == memory.size() - sizeof(RingLayout) && max_frame <= capacity / 2;
  if (!sound) return Error::Invalid("ring", "not a ring, or one of another size");
  return Opened{std::move(memory), capacity, max_frame};
}

Error Damaged(const char* what) {
  return Error::Invalid(what, std::string("the peer wrote a wrong ") + what);
}

}  // namespace

Result<Fd> Ring::Make(const std::string& name, size_t max_frame) {
  const uint64_t capacity = 2 * RoundUp(max_frame + kHeader) + kAlign;
  Fd fd = TRY(MakeSharedMemory(name, sizeof(RingLayout) + capacity));
  const Mapping memory = TRY(MapShared(fd, Access::kReadWrite));
  auto* ring = new (memory.data()) RingLayout{};
  ring->magic = kMagic;
  ring->capacity = capacity;
  ring->max_frame = max_frame;
  return fd;
}

RingWriter::RingWriter(Mapping memory, size_t capacity, size_t max_frame)
    : memory_(std::move(memory)), capacity_(capacity), max_frame_(max_frame) {
  head_ = shared().head.load();
}

RingLayout& RingWriter::shared() const { return *reinterpret_cast<RingLayout*>(memory_.data()); }

Result<RingWriter> RingWriter::Open(const Fd& memory) {
  Opened opened = TRY(OpenRing(memory));
  return RingWriter(std::move(opened.memory), opened.capacity, opened.max_frame);
}

Result<std::span<std::byte>> RingWriter::Reserve(size_t bytes, int64_t timeout_us) {
  if (bytes > max_frame_) {
    return Error::Invalid(
        "frame", std::to_string(bytes) + " bytes, the ring takes " + std::to_string(max_frame_));
  }
  RingLayout& ring = shared();
  const uint64_t need = RoundUp(bytes + kHeader);
  const uint64_t to_end = capacity_ - head_ % capacity_;
  const uint64_t skip = to_end < need ? to_end : 0;
  const auto room = [&] {
    return head_ + skip + need - ring.tail.load(std::memory_order_acquire) <= capacity_;
  };
  if (!WaitUntil(room, ring.releases, ring.writer_sleeps, timeout_us, kWriterSpinUs)) {
    if (head_ - ring.tail.load() > capacity_) return Damaged("tail");
    return Error{Code::kCancelled, "the ring is full"};
  }
  if (skip > 0) LengthAt(ring, capacity_, head_).store(kSkip, std::memory_order_relaxed);
  reserved_ = head_ + skip;
  return std::span(ring.data + reserved_ % capacity_ + kHeader, bytes);
}

void RingWriter::Commit(size_t bytes) {
  RingLayout& ring = shared();
  LengthAt(ring, capacity_, reserved_).store(bytes, std::memory_order_relaxed);
  head_ = reserved_ + RoundUp(bytes + kHeader);
  ring.head.store(head_, std::memory_order_release);
  Wake(ring.frames, ring.reader_sleeps);
}

RingReader::RingReader(Mapping memory, size_t capacity)
    : memory_(std::move(memory)), capacity_(capacity) {
  tail_ = after_ = shared().tail.load();
}

RingLayout& RingReader::shared() const { return *reinterpret_cast<RingLayout*>(memory_.data()); }

Result<RingReader> RingReader::Open(const Fd& memory) {
  Opened opened = TRY(OpenRing(memory));
  return RingReader(std::move(opened.memory), opened.capacity);
}

// The frame at the tail, if any. Each shared number is loaded once, so that a check holds for what
// is used.
Result<std::span<const std::byte>> RingReader::Front() {
  RingLayout& ring = shared();
  const uint64_t head = ring.head.load(std::memory_order_acquire);
  uint64_t at = tail_;
  if (head == at) return Error{Code::kCancelled, "no frame came"};
  if (head % kAlign != 0 || head - at > capacity_) return Damaged("head");
  uint64_t length = LengthAt(ring, capacity_, at).load(std::memory_order_relaxed);
  if (length == kSkip) {
    at += capacity_ - at % capacity_;
    if (at >= head) return Damaged("length");
    length = LengthAt(ring, capacity_, at).load(std::memory_order_relaxed);
  }
  if (length > capacity_ || RoundUp(length + kHeader) > head - at ||
      at % capacity_ + kHeader + length > capacity_) {
    return Damaged("length");
  }
  after_ = at + RoundUp(length + kHeader);
  return std::span<const std::byte>(ring.data + at % capacity_ + kHeader, length);
}

Result<std::span<const std::byte>> RingReader::Peek(int64_t timeout_us, int64_t spin_us) {
  RingLayout& ring = shared();
  const auto ready = [&] { return ring.head.load(std::memory_order_acquire) != tail_; };
  if (!WaitUntil(ready, ring.frames, ring.reader_sleeps, timeout_us, spin_us)) {
    return Error{Code::kCancelled, "no frame came"};
  }
  return Front();
}

void RingReader::Release() {
  tail_ = after_;
  RingLayout& ring = shared();
  ring.tail.store(tail_, std::memory_order_release);
  Wake(ring.releases, ring.writer_sleeps);
}

}  // namespace motley
