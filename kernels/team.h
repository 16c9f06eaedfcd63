#pragma once
// The threads a CPU kernel runs on, and scratch memory that outlives the call. Implemented by backends/cpu; SoloTeam
// serves tests.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace motley {

class Team {
 public:
  virtual ~Team() = default;
  virtual int threads() const = 0;

  // Runs body(thread) for thread = 0..threads()-1, the caller being 0, and returns when all have. Costs well under a
  // microsecond when the others spin. Not re-entrant.
  template <class F>
  void Run(F&& body) {
    using Body = std::remove_reference_t<F>;
    RunRaw([](void* f, int thread) { (*static_cast<Body*>(f))(thread); }, &body);
  }

  // At least `bytes` of 64-byte aligned memory, the same for every caller until the next call of Scratch: for one
  // kernel call at a time. Contents are whatever was left.
  virtual std::byte* Scratch(size_t bytes) = 0;

 protected:
  using Raw = void (*)(void*, int);
  virtual void RunRaw(Raw function, void* argument) = 0;
};

// One thread: the caller.
class SoloTeam : public Team {
 public:
  int threads() const override { return 1; }
  std::byte* Scratch(size_t bytes) override {
    if (bytes > size_) {
      memory_ = std::make_unique<std::byte[]>(bytes + 64);
      size_ = bytes;
    }
    const auto address = reinterpret_cast<uintptr_t>(memory_.get());
    return memory_.get() + (64 - address % 64) % 64;
  }

 protected:
  void RunRaw(Raw function, void* argument) override { function(argument, 0); }

 private:
  std::unique_ptr<std::byte[]> memory_;
  size_t size_ = 0;
};

}  // namespace motley
