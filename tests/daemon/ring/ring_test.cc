#include "daemon/ring/ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <thread>

namespace motley {
namespace {

//   writer --frames--> [ shared memory ] --frames--> reader

constexpr int64_t kSecond = 1'000'000;

struct Ends {
  RingWriter writer;
  RingReader reader;
};

Ends MakeEnds(const Fd& memory) {
  return {RingWriter::Open(memory).ReleaseValue(), RingReader::Open(memory).ReleaseValue()};
}

Status Write(RingWriter& writer, std::string_view text, int64_t timeout_us = kSecond) {
  const auto room = TRY(writer.Reserve(text.size(), timeout_us));
  std::memcpy(room.data(), text.data(), text.size());
  writer.Commit(text.size());
  return {};
}

Result<std::string> Read(RingReader& reader, int64_t timeout_us = kSecond) {
  const auto frame = TRY(reader.Peek(timeout_us, 0));
  std::string text(reinterpret_cast<const char*>(frame.data()), frame.size());
  reader.Release();
  return text;
}

TEST(Ring, DeliversFramesInOrderAcrossManyLaps) {
  const auto memory = Ring::Make("test", 1000);
  ASSERT_TRUE(memory.ok());
  Ends ends = MakeEnds(*memory);
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string text(random() % 1001, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(Write(ends.writer, text).ok());
    ASSERT_EQ(*Read(ends.reader), text);
  }
}

TEST(Ring, HoldsTwoLargestFramesAndRefusesMoreUntilOneIsReleased) {
  const auto memory = Ring::Make("test", 1000);
  Ends ends = MakeEnds(*memory);
  const std::string text(1000, 'x');
  ASSERT_TRUE(Write(ends.writer, text).ok());
  ASSERT_TRUE(Write(ends.writer, text).ok());
  EXPECT_EQ(Write(ends.writer, text, 1000).error().code, Code::kCancelled);
  ASSERT_EQ(*Read(ends.reader), text);
  EXPECT_TRUE(Write(ends.writer, text).ok());
}

TEST(Ring, RefusesAFrameAboveItsLimit) {
  const auto memory = Ring::Make("test", 1000);
  Ends ends = MakeEnds(*memory);
  EXPECT_EQ(ends.writer.Reserve(1001, 0).error().code, Code::kInvalidArgument);
}

TEST(Ring, EmptyPeekTimesOut) {
  const auto memory = Ring::Make("test", 64);
  Ends ends = MakeEnds(*memory);
  EXPECT_EQ(ends.reader.Peek(2000, 100).error().code, Code::kCancelled);
}

TEST(Ring, KeepsEveryByteBetweenTwoThreads) {
  const auto memory = Ring::Make("test", 4096);
  Ends ends = MakeEnds(*memory);
  constexpr int kFrames = 20000;
  std::thread producer([&] {
    std::mt19937 random(2);
    for (uint32_t i = 0; i < kFrames; ++i) {
      const size_t bytes = 4 + random() % 2000;
      const auto room = ends.writer.Reserve(bytes, 10 * kSecond);
      if (!room.ok()) return;
      std::memset(room->data(), static_cast<int>(i & 255), bytes);
      std::memcpy(room->data(), &i, 4);
      ends.writer.Commit(bytes);
    }
  });
  for (uint32_t i = 0; i < kFrames; ++i) {
    const auto frame = ends.reader.Peek(10 * kSecond, 50);
    ASSERT_TRUE(frame.ok()) << frame.error().message;
    ASSERT_EQ(LoadUnaligned<uint32_t>(frame->data()), i);
    for (size_t b = 4; b < frame->size(); ++b) ASSERT_EQ((*frame)[b], std::byte(i & 255));
    ends.reader.Release();
  }
  producer.join();
}

TEST(Ring, WakesASleepingReader) {
  const auto memory = Ring::Make("test", 64);
  Ends ends = MakeEnds(*memory);
  std::thread reader([&] { EXPECT_EQ(*Read(ends.reader, 10 * kSecond), "up"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(Write(ends.writer, "up").ok());
  reader.join();
}

// The other side may write anything into the shared part, at any time.
TEST(Ring, SurvivesAPeerThatScribbles) {
  std::mt19937_64 random(3);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto memory = Ring::Make("test", 256);
    Ends ends = MakeEnds(*memory);
    ASSERT_TRUE(Write(ends.writer, "hello").ok());
    const auto mapping = MapShared(*memory, Access::kReadWrite);
    for (int i = 0; i < 4; ++i) {
      const size_t at = random() % (mapping->size() / 8) * 8;
      const uint64_t value = random() >> (random() % 64);
      std::memcpy(mapping->data() + at, &value, 8);
    }
    for (int i = 0; i < 3; ++i) {
      const auto frame = ends.reader.Peek(0, 0);
      if (!frame.ok()) {
        refused += frame.error().code == Code::kInvalidArgument;
        break;
      }
      ASSERT_GE(frame->data(), static_cast<const std::byte*>(nullptr));
      ASSERT_LE(frame->size(), mapping->size());
      volatile std::byte last = frame->empty() ? std::byte{} : frame->back();
      (void)last;
      ends.reader.Release();
      if (!ends.writer.Reserve(100, 0).ok()) break;
    }
    (void)RingReader::Open(*memory);
  }
  EXPECT_GT(refused, 100);
}

TEST(Ring, RefusesMemoryThatIsNoRing) {
  const auto memory = MakeSharedMemory("other", 4096);
  EXPECT_FALSE(RingReader::Open(*memory).ok());
  EXPECT_FALSE(RingWriter::Open(*memory).ok());
}

}  // namespace
}  // namespace motley
