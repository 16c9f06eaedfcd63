#include "backends/discover/sysfs/tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/backends/discover/recorded_tree.h"

namespace motley {
namespace {

TEST(Tree, NeverLeavesItsRoot) {
  const RecordedTree secret("sys/file: secret");
  RecordedTree machine("sys/absolute -> " + secret.root() + "/sys/file");
  machine.Add("sys/up -> ../../" + secret.root().substr(secret.root().rfind('/') + 1) +
              "/sys/file");
  machine.Add("sys/folder -> " + secret.root() + "/sys");
  const Tree tree(machine.root());
  EXPECT_EQ(tree.Text("sys/absolute"), "");
  EXPECT_EQ(tree.Text("sys/up"), "");
  EXPECT_EQ(tree.Text("sys/folder/file"), "");
  EXPECT_EQ(tree.Text("../" + secret.root().substr(secret.root().rfind('/') + 1) + "/sys/file"),
            "");
  EXPECT_TRUE(tree.List("sys/folder").empty());
  EXPECT_EQ(tree.Resolve("sys/up"), "");
}

TEST(Tree, FollowsLinksInsideOfItsRoot) {
  const RecordedTree machine("sys/devices/a/x: 12\nsys/bus/a -> ../devices/a");
  const Tree tree(machine.root() + "/");
  EXPECT_EQ(tree.Text("sys/bus/a/x"), "12");
  EXPECT_EQ(tree.Resolve("sys/bus/a"), "sys/devices/a");
  EXPECT_EQ(tree.LinkName("sys/bus/a"), "a");
}

TEST(Tree, ReadsLoopsFoldersAndPipesAsAbsent) {
  const RecordedTree machine("sys/a -> b\nsys/b -> a\nsys/folder/\nsys/self -> ../sys");
  ASSERT_EQ(mkfifo((machine.root() + "/sys/pipe").c_str(), 0600), 0);
  const Tree tree(machine.root());
  EXPECT_EQ(tree.Text("sys/a"), "");
  EXPECT_EQ(tree.Text("sys/folder"), "");
  EXPECT_EQ(tree.Text("sys/pipe"), "");
  EXPECT_TRUE(tree.List("sys/a").empty());
  EXPECT_EQ(tree.List("sys/self/self/self").size(), 5u);
}

TEST(Tree, GivesPrintableTextOfABoundedSize) {
  RecordedTree machine("sys/big: " + std::string(100000, 'x'));
  machine.Add(std::string("sys/odd:  \x01one\xff two  \t"));
  const Tree tree(machine.root());
  EXPECT_EQ(tree.Text("sys/big").size(), Tree::kTextLimit);
  EXPECT_EQ(tree.Text("sys/odd"), "?one? two");
}

TEST(ParseNumber, TakesWholeNumbersOf64BitsOnly) {
  EXPECT_EQ(ParseNumber(" -1\n"), -1);
  EXPECT_EQ(ParseNumber("0x10"), 16);
  EXPECT_EQ(ParseNumber("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", "0x", "0x-5", "9223372036854775808", "12 lanes", "ten", "1e3"})
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
}

TEST(ParseHex, HoldsItsLimit) {
  EXPECT_EQ(ParseHex("0x10de", 0xffff), 0x10deu);
  EXPECT_EQ(ParseHex("10DE\n", 0xffff), 0x10deu);
  for (const char* text : {"0x10de0", "", "0xzz", "-1", "10de:2204"})
    EXPECT_EQ(ParseHex(text, 0xffff), std::nullopt) << text;
}

}  // namespace
}  // namespace motley
