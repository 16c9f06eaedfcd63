#include "kernels/team.h"

namespace motley {

int SoloTeam::threads() const { return 1; }

std::byte* SoloTeam::Scratch(size_t bytes) {
  constexpr size_t kAlignment = 64;
  if (bytes > size_) {
    memory_ = std::make_unique<std::byte[]>(bytes + kAlignment);
    size_ = bytes;
  }
  const auto address = reinterpret_cast<uintptr_t>(memory_.get());
  return memory_.get() + (kAlignment - address % kAlignment) % kAlignment;
}

void SoloTeam::RunRaw(Raw function, void* argument) { function(argument, 0); }

}  // namespace motley
