// Round trips of a frame between two processes: the ring of daemon/ring beside ZeroMQ's ipc
// REQ/REP, in the same run. Both sides copy the frame in and out. `ring_bench [rounds]`; figures
// are medians, 1st and 99th percentile in microseconds.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/ring/ring.h"

namespace motley {
namespace {

constexpr size_t kSizes[] = {64, 4096, 1 << 20};
constexpr size_t kEnd = 1;  // a frame of one byte ends the echoing process
constexpr int64_t kTimeoutUs = 10'000'000;
constexpr int64_t kSpinUs = 200;

using RoundTrip = std::function<bool(std::vector<std::byte>&)>;

bool Send(RingWriter& writer, const void* from, size_t bytes) {
  const auto room = writer.Reserve(bytes, kTimeoutUs);
  if (!room.ok()) return false;
  std::memcpy(room->data(), from, bytes);
  writer.Commit(bytes);
  return true;
}

int EchoRing(const Fd& in, const Fd& out) {
  auto reader = RingReader::Open(in);
  auto writer = RingWriter::Open(out);
  if (!reader.ok() || !writer.ok()) return 1;
  while (true) {
    const auto frame = reader->Peek(kTimeoutUs, kSpinUs);
    if (!frame.ok() || frame->size() == kEnd) return frame.ok() ? 0 : 1;
    if (!Send(*writer, frame->data(), frame->size())) return 1;
    reader->Release();
  }
}

int EchoZeroMq(const std::string& address) {
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::rep);
  socket.bind(address);
  while (true) {
    zmq::message_t frame;
    if (!socket.recv(frame)) return 1;
    if (frame.size() == kEnd) return 0;
    socket.send(frame, zmq::send_flags::none);
  }
}

void Report(const char* name, size_t bytes, std::vector<double> us) {
  std::ranges::sort(us);
  std::printf("%-12s %8zu %10.2f %10.2f %10.2f\n", name, bytes, us[us.size() / 2],
              us[us.size() / 100], us[us.size() * 99 / 100]);
}

void Measure(const char* name, int rounds, const RoundTrip& trip) {
  using Clock = std::chrono::steady_clock;
  for (const size_t size : kSizes) {
    const int count = size > 65536 ? rounds / 10 : rounds;
    std::vector<std::byte> frame(size);
    std::vector<double> us;
    for (int i = 0; i < count + count / 10; ++i) {  // the first tenth warms up
      const auto start = Clock::now();
      if (!trip(frame)) return std::perror(name);
      const std::chrono::duration<double, std::micro> took = Clock::now() - start;
      if (i >= count / 10) us.push_back(took.count());
    }
    Report(name, size, std::move(us));
  }
}

void MeasureRing(int rounds) {
  const auto there = Ring::Make("bench", kSizes[2]), back = Ring::Make("bench", kSizes[2]);
  if (!there.ok() || !back.ok()) return std::perror("ring");
  const pid_t child = fork();
  if (child == 0) _exit(EchoRing(*there, *back));
  auto writer = RingWriter::Open(*there);
  auto reader = RingReader::Open(*back);
  if (!writer.ok() || !reader.ok()) return std::perror("ring");
  Measure("ring", rounds, [&](std::vector<std::byte>& frame) {
    if (!Send(*writer, frame.data(), frame.size())) return false;
    const auto answer = reader->Peek(kTimeoutUs, kSpinUs);
    if (!answer.ok() || answer->size() != frame.size()) return false;
    std::memcpy(frame.data(), answer->data(), frame.size());
    reader->Release();
    return true;
  });
  Send(*writer, "", kEnd);
  waitpid(child, nullptr, 0);
}

void MeasureZeroMq(int rounds) {
  const std::string address = "ipc:///tmp/motley-ring-bench-" + std::to_string(getpid());
  const pid_t child = fork();
  if (child == 0) _exit(EchoZeroMq(address));
  zmq::context_t context(1);
  zmq::socket_t socket(context, zmq::socket_type::req);
  socket.connect(address);
  Measure("zeromq ipc", rounds, [&](std::vector<std::byte>& frame) {
    socket.send(zmq::buffer(frame), zmq::send_flags::none);
    zmq::message_t answer;
    if (!socket.recv(answer) || answer.size() != frame.size()) return false;
    std::memcpy(frame.data(), answer.data(), frame.size());
    return true;
  });
  socket.send(zmq::buffer("", kEnd), zmq::send_flags::none);
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace motley

int main(int argc, char** argv) {
  const int rounds = std::max(100, argc > 1 ? std::atoi(argv[1]) : 20000);
  std::printf("%-12s %8s %10s %10s %10s   (us, round trip)\n", "way", "bytes", "median", "p1",
              "p99");
  motley::MeasureRing(rounds);
  motley::MeasureZeroMq(rounds);
  return 0;
}
