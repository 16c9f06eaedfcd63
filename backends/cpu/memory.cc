#include "backends/cpu/memory.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace motley {
namespace {

constexpr uint64_t kHugePage = 2 << 20;

class HostBuffer : public Buffer {
 public:
  HostBuffer(Mapping mapping, uint64_t size) : mapping_(std::move(mapping)), size_(size) {}
  void* handle() override { return mapping_.data(); }
  uint64_t size() const override { return size_; }
  std::byte* host() override { return mapping_.data(); }

 private:
  Mapping mapping_;
  uint64_t size_;
};

// A preference, so that a full node means slower memory and not an error.
void PreferNode(const Mapping& mapping, int node) {
  constexpr int kBits = 64 * 16;
  std::array<uint64_t, kBits / 64> mask = {};
  if (node < 0 || node >= kBits) return;
  mask[static_cast<size_t>(node / 64)] = uint64_t{1} << (node % 64);
  syscall(SYS_mbind, mapping.data(), mapping.size(), MPOL_PREFERRED, mask.data(), kBits, 0);
}

}  // namespace

Result<std::unique_ptr<Buffer>> MakeHostBuffer(uint64_t bytes, Pages pages, int numa_node) {
  const uint64_t size = std::max<uint64_t>(bytes, 1);
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    Error error = ErrnoError("cannot allocate " + FormatBytes(bytes) + " of host memory", errno);
    error.code = Code::kOutOfMemory;
    return error;
  }
  Mapping mapping(static_cast<std::byte*>(data), size);
  if (pages == Pages::kHuge && size >= kHugePage) madvise(data, size, MADV_HUGEPAGE);
  PreferNode(mapping, numa_node);
  return std::unique_ptr<Buffer>(std::make_unique<HostBuffer>(std::move(mapping), bytes));
}

}  // namespace motley
