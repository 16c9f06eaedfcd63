#include "backends/discover/hotplug.h"

#include <gtest/gtest.h>

#include <random>

namespace motley {
namespace {

using Action = DeviceEvent::Action;

// The kernel's form: pieces that end with a zero byte each.
std::string Message(const std::vector<std::string>& pieces) {
  std::string out;
  for (const std::string& piece : pieces) out += piece + '\0';
  return out;
}

const std::string kPath = "/devices/pci0000:20/0000:20:01.1/0000:21:00.0";

TEST(Hotplug, ReadsWhatTheKernelSaysOfACard) {
  const auto event = ParseUevent(
      Message({"add@" + kPath, "ACTION=add", "DEVPATH=" + kPath, "SUBSYSTEM=pci", "PCI_CLASS=30000",
               "PCI_ID=10DE:2204", "PCI_SLOT_NAME=0000:21:00.0", "SEQNUM=4711"}));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->action, Action::kAdd);
  EXPECT_EQ(event->subsystem, "pci");
  EXPECT_EQ(event->devpath, kPath);
  EXPECT_EQ(event->pci, "0000:21:00.0");
  EXPECT_TRUE(ConcernsDevices(*event));
}

TEST(Hotplug, ANodeBelongsToTheFunctionItHangsBelow) {
  const std::string path = kPath + "/drm/renderD128";
  const auto event = ParseUevent(Message({"remove@" + path, "SUBSYSTEM=drm"}));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->action, Action::kRemove);
  EXPECT_EQ(event->pci, "0000:21:00.0");
}

TEST(Hotplug, BindingADriverIsAChange) {
  for (const char* word : {"bind", "unbind", "change", "move", "online", "offline"}) {
    const auto event = ParseUevent(Message({word + ("@" + kPath), "SUBSYSTEM=pci"}));
    ASSERT_TRUE(event) << word;
    EXPECT_EQ(event->action, Action::kChange) << word;
  }
}

TEST(Hotplug, WhatIsNotTheKernelsFormIsNoEvent) {
  const std::string pci = "SUBSYSTEM=pci";
  EXPECT_FALSE(ParseUevent(""));
  EXPECT_FALSE(ParseUevent(std::string(1, '\0')));
  EXPECT_FALSE(ParseUevent("add@" + kPath)) << "no zero at the end";
  EXPECT_FALSE(ParseUevent(Message({"libudev", "add@" + kPath, pci}))) << "of udev";
  EXPECT_FALSE(ParseUevent(Message({"add@" + kPath}))) << "no subsystem";
  EXPECT_FALSE(ParseUevent(Message({"explode@" + kPath, pci}))) << "unknown action";
  EXPECT_FALSE(ParseUevent(Message({"add@", pci}))) << "no path";
  EXPECT_FALSE(ParseUevent(Message({"add@devices/x", pci}))) << "a path from nowhere";
  EXPECT_FALSE(ParseUevent(Message({"add@/a\nb", pci}))) << "a path over two lines";
  EXPECT_FALSE(ParseUevent(Message({"add@/" + std::string(2000, 'a'), pci}))) << "a long path";
  EXPECT_FALSE(ParseUevent(Message({"add@/a", pci, std::string(9000, 'x')}))) << "a long message";
  EXPECT_FALSE(ParseUevent(Message({"add@/a", "DEVPATH=/b", pci}))) << "two paths";
  EXPECT_FALSE(ParseUevent(Message({"add@/a", "ACTION=remove", pci}))) << "two actions";
}

TEST(Hotplug, AnAddressThatIsNoneIsLeftOut) {
  for (const char* slot : {"0000:21:00.9", "21:00.0", "zzzz:21:00.0", "0000:21:00.0/..", ""}) {
    const auto event = ParseUevent(
        Message({"add@/devices/x", "SUBSYSTEM=pci", std::string("PCI_SLOT_NAME=") + slot}));
    ASSERT_TRUE(event) << slot;
    EXPECT_EQ(event->pci, "") << slot;
  }
}

TEST(Hotplug, DisksAndNetworksDoNotConcernDevices) {
  EXPECT_FALSE(ConcernsDevices({Action::kAdd, "block", "/devices/x", ""}));
  EXPECT_FALSE(ConcernsDevices({Action::kAdd, "net", "/devices/x", ""}));
  EXPECT_TRUE(ConcernsDevices({Action::kLost, "", "", ""}));
}

// Any bytes give an event within its bounds, or none.
TEST(Hotplug, DamagedMessagesCrashNothing) {
  const std::string good = Message({"add@" + kPath, "SUBSYSTEM=pci", "PCI_SLOT_NAME=0000:21:00.0"});
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes = good.substr(0, random() % (good.size() + 1));
    for (int change = 0; change < 3 && !bytes.empty(); ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto event = ParseUevent(bytes);
    if (!event) continue;
    EXPECT_EQ(event->devpath.front(), '/');
    EXPECT_FALSE(event->subsystem.empty());
    EXPECT_LE(event->subsystem.size(), 64u);
  }
}

// Whether there is a netlink or not, asking it ends at once and crashes nothing.
TEST(Hotplug, TheKernelsSocketOpensOrSaysWhyNot) {
  auto events = OpenKernelEvents();
  if (!events.ok()) {
    EXPECT_EQ(events.error().code, Code::kUnavailable);
    return;
  }
  EXPECT_TRUE((*events)->Next(0).ok());
}

}  // namespace
}  // namespace motley
