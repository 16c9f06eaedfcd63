#include "backends/cpu/memory.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/checked.h"

namespace motley {
namespace {

constexpr uint64_t kHugePage = 2 << 20;

constexpr uint64_t kChunk = 32 * kHugePage;
constexpr uint64_t kAlign = 64;

// A part of a mapping that it shares with others, or has to itself.
class HostBuffer : public Buffer {
 public:
  HostBuffer(std::shared_ptr<Mapping> mapping, uint64_t offset, uint64_t size)
      : mapping_(std::move(mapping)), data_(mapping_->data() + offset), size_(size) {}
  void* handle() override { return data_; }
  uint64_t size() const override { return size_; }
  std::byte* host() override { return data_; }

 private:
  const std::shared_ptr<Mapping> mapping_;
  std::byte* const data_;
  const uint64_t size_;
};

// A preference, so that a full node means slower memory and not an error.
void PreferNode(const Mapping& mapping, int node) {
  constexpr int kBits = 64 * 16;
  std::array<uint64_t, kBits / 64> mask = {};
  if (node < 0 || node >= kBits) return;
  mask[static_cast<size_t>(node / 64)] = uint64_t{1} << (node % 64);
  syscall(SYS_mbind, mapping.data(), mapping.size(), MPOL_PREFERRED, mask.data(), kBits, 0);
}

Result<std::shared_ptr<Mapping>> MapZeros(uint64_t size, int numa_node) {
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    Error error = ErrnoError("cannot allocate " + FormatBytes(size) + " of host memory", errno);
    error.code = Code::kOutOfMemory;
    return error;
  }
  auto mapping = std::make_shared<Mapping>(static_cast<std::byte*>(data), size);
  PreferNode(*mapping, numa_node);
  return mapping;
}

}  // namespace

Result<std::unique_ptr<Buffer>> MakeHostBuffer(uint64_t bytes, int numa_node) {
  auto mapping = TRY(MapZeros(std::max<uint64_t>(bytes, 1), numa_node));
  return std::unique_ptr<Buffer>(std::make_unique<HostBuffer>(std::move(mapping), 0, bytes));
}

Result<std::unique_ptr<Buffer>> WeightArena::Allocate(uint64_t bytes) {
  const auto need = CheckedRoundUp(std::max<uint64_t>(bytes, 1), kAlign);
  if (!need || *need > UINT64_MAX - kChunk) {
    return Error{Code::kOutOfMemory, "cannot allocate " + FormatBytes(bytes) + " of host memory"};
  }
  if (!chunk_ || chunk_->size() - used_ < *need) {
    chunk_ = TRY(MapZeros(std::max(*need, kChunk), numa_node_));
    madvise(chunk_->data(), chunk_->size(), MADV_HUGEPAGE);
    used_ = 0;
  }
  const uint64_t offset = used_;
  used_ += *need;
  return std::unique_ptr<Buffer>(std::make_unique<HostBuffer>(chunk_, offset, bytes));
}

}  // namespace motley
