#pragma once
// The threads a CPU kernel runs on, and scratch memory that outlives the call. Implemented by
// backends/cpu; SoloTeam serves tests.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace motley {

class Team {
 public:
  virtual ~Team() = default;
  virtual int threads() const = 0;

  // Runs body(thread) for thread = 0..threads()-1, the caller being 0, and returns when all have.
  // Costs well under a microsecond when the others spin. Not re-entrant.
  template <class F>
  void Run(F&& body) {
    using Body = std::remove_reference_t<F>;
    RunRaw([](void* f, int thread) { (*static_cast<Body*>(f))(thread); }, &body);
  }

  // At least `bytes` of 64-byte aligned memory, the same for every caller until the next call of
  // Scratch: for one kernel call at a time. Contents are whatever was left.
  virtual std::byte* Scratch(size_t bytes) = 0;

 protected:
  using Raw = void (*)(void*, int);
  virtual void RunRaw(Raw function, void* argument) = 0;
};

// One thread: the caller. Defined in team.cc: an inline member would be compiled into the AVX files
// too, which call it speculatively, and the linker may keep that copy for everyone.
class SoloTeam : public Team {
 public:
  int threads() const override;
  std::byte* Scratch(size_t bytes) override;

 protected:
  void RunRaw(Raw function, void* argument) override;

 private:
  std::unique_ptr<std::byte[]> memory_;
  size_t size_ = 0;
};

}  // namespace motley
