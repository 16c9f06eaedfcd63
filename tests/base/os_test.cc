#include "base/os.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace motley {
namespace {

TEST(SharedMemory, IsSeenByBothMappingsAndCannotShrink) {
  auto fd = MakeSharedMemory("test", 4096);
  ASSERT_TRUE(fd.ok());
  auto a = MapShared(*fd, Access::kReadWrite), b = MapShared(*fd, Access::kRead);
  ASSERT_TRUE(a.ok() && b.ok());
  a->data()[7] = std::byte{42};
  EXPECT_EQ(b->data()[7], std::byte{42});
  EXPECT_NE(ftruncate(fd->get(), 0), 0);
}

TEST(MapShared, RefusesAnUnsealedFile) {
  auto fd = OpenForReading("/proc/self/exe");
  ASSERT_TRUE(fd.ok());
  EXPECT_FALSE(MapShared(*fd, Access::kRead).ok());
}

TEST(Messages, CarryFileDescriptorsAndKeepTheirBorders) {
  auto pair = MakeSocketPair();
  ASSERT_TRUE(pair.ok());
  const std::string hello = "hello", world = "world!";
  auto memory = MakeSealedData("data", std::as_bytes(std::span(world)));
  ASSERT_TRUE(memory.ok());
  ASSERT_TRUE(SendMessage(pair->first, std::as_bytes(std::span(hello)), {memory->get()}).ok());
  ASSERT_TRUE(SendMessage(pair->first, std::as_bytes(std::span(world))).ok());
  auto first = ReceiveMessage(pair->second, 1000, 100);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->data, hello);
  ASSERT_EQ(first->fds.size(), 1u);
  EXPECT_EQ(MapShared(first->fds[0], Access::kRead)->size(), world.size());
  EXPECT_EQ(ReceiveMessage(pair->second, 1000, 100)->data, world);
  EXPECT_EQ(ReceiveMessage(pair->second, 1, 100).error().code, Code::kCancelled);
  pair->first = Fd();
  EXPECT_EQ(ReceiveMessage(pair->second, 1000, 100).error().code, Code::kUnavailable);
}

TEST(Messages, AboveTheLimitAreRefused) {
  auto pair = MakeSocketPair();
  const std::string text(200, 'x');
  ASSERT_TRUE(SendMessage(pair->first, std::as_bytes(std::span(text))).ok());
  EXPECT_EQ(ReceiveMessage(pair->second, 1000, 100).error().code, Code::kInvalidArgument);
}

TEST(Spawn, ReportsTheExitAndTheSignal) {
  auto child = Spawn({.arguments = {"/bin/sh", "-c", "exit 3"}, .fds = {}});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(DescribeWaitStatus(*child->Wait(5000)), "exit status 3");
  auto sleeper = Spawn({.arguments = {"/bin/sleep", "100"}, .fds = {}});
  ASSERT_TRUE(sleeper.ok());
  EXPECT_EQ(sleeper->Wait(10).error().code, Code::kCancelled);
  sleeper->Signal(SIGKILL);
  EXPECT_EQ(DescribeWaitStatus(*sleeper->Wait(5000)), "killed by signal 9 (Killed)");
}

TEST(Spawn, OfAMissingProgramNamesIt) {
  const auto child = Spawn({.arguments = {"/no/such/program"}, .fds = {}});
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code, Code::kNotFound);
  EXPECT_NE(child.error().message.find("/no/such/program"), std::string::npos);
}

}  // namespace
}  // namespace motley
