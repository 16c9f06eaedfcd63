#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "daemon/planning/measure_device.h"
#include "daemon/ring/ring.h"

namespace motley {
namespace {

constexpr size_t kSmall = 64, kLarge = 1 << 20;
constexpr int kRounds = 41;
constexpr int64_t kTimeoutUs = 1'000'000;

// Sends back the first word of every frame until one is empty.
void Echo(RingReader in, RingWriter out) {
  std::vector<std::byte> copy(kLarge);
  while (true) {
    const auto frame = in.Peek(kTimeoutUs, 0);
    if (!frame.ok() || frame->empty()) return;
    std::memcpy(copy.data(), frame->data(), frame->size());
    in.Release();
    if (!out.Reserve(kSmall, kTimeoutUs).ok()) return;
    out.Commit(kSmall);
  }
}

// Median one-way time of a frame; the way back is always small.
Result<double> RoundTripUs(RingWriter& out, RingReader& in, size_t bytes) {
  std::vector<std::byte> data(bytes, std::byte{1});
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const int64_t start = RealClock().NowNs();
    const auto room = TRY(out.Reserve(bytes, kTimeoutUs));
    std::memcpy(room.data(), data.data(), bytes);
    out.Commit(bytes);
    TRY(in.Peek(kTimeoutUs, 0));
    in.Release();
    times.push_back(SecondsBetween(start, RealClock().NowNs()) * 1e6);
  }
  std::ranges::nth_element(times, times.begin() + kRounds / 2);
  return times[kRounds / 2];
}

}  // namespace

Result<LinkProfile> MeasureHostLink() {
  const Fd there = TRY(Ring::Make("motley-there", kLarge)),
           back = TRY(Ring::Make("motley-back", kSmall));
  RingWriter out = TRY(RingWriter::Open(there));
  RingReader in = TRY(RingReader::Open(back));
  std::thread peer(Echo, TRY(RingReader::Open(there)), TRY(RingWriter::Open(back)));
  const auto small = RoundTripUs(out, in, kSmall), large = RoundTripUs(out, in, kLarge);
  if (out.Reserve(0, kTimeoutUs).ok()) out.Commit(0);
  peer.join();
  const double small_us = TRY(small), large_us = TRY(large);
  LinkProfile link;
  link.latency_us = small_us / 2;
  link.bytes_per_s =
      static_cast<double>(kLarge - kSmall) / std::max(large_us - small_us, 1.0) * 1e6;
  return link;
}

}  // namespace motley
