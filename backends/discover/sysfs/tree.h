#pragma once
// Reading sysfs and proc of this machine, or of a recorded one under a folder, without trusting it:
// sizes and counts are bounded, pipes and devices are not opened, links that loop or lead out of
// the folder read as absent, and text comes back printable. Nothing fails: what cannot be read is
// empty. Immutable; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/os.h"

namespace motley {

class Tree {
 public:
  static constexpr size_t kTextLimit = 4096;    // sysfs shows at most a page
  static constexpr size_t kEntryLimit = 16384;  // of one folder; a large server has 2000 functions
  static constexpr size_t kTableLimit = 1 << 20;  // proc/cpuinfo, proc/modules

  // `root` is "" for this machine. Paths below are relative to it: "sys/bus/pci/devices".
  explicit Tree(const std::string& root);

  const std::string& root() const { return root_; }
  bool IsFolder(const std::string& path) const;
  // A plain file, open for reading; not valid if it is anything else.
  Fd Open(const std::string& path) const;
  // The first `limit` bytes of a plain file as they are.
  std::string Bytes(const std::string& path, size_t limit) const;
  // The same trimmed, with '?' for everything but printable ASCII, tabs and line ends.
  std::string Text(const std::string& path, size_t limit = kTextLimit) const;
  // A file that is one number: decimal or hexadecimal after 0x, in 64 bits.
  std::optional<int64_t> Number(const std::string& path) const;
  // Names in a folder, sorted; hidden and unprintable ones are left out.
  std::vector<std::string> List(const std::string& path) const;
  // Where a path leads once its links are followed, relative to the root.
  std::string Resolve(const std::string& path) const;
  // Last part of a link's target, which need not be there: "nvidia" of
  // ../../bus/pci/drivers/nvidia.
  std::string LinkName(const std::string& path) const;

 private:
  // The path to open, or empty if it leads out of the root.
  std::string Inside(const std::string& path) const;

  std::string root_, real_root_;
};

// Without white space at both ends.
std::string_view Trimmed(std::string_view text);
// The whole of `text` as a number, decimal or hexadecimal after 0x.
std::optional<int64_t> ParseNumber(std::string_view text);
// The same in base 16, with or without 0x; nothing above `limit`.
std::optional<uint32_t> ParseHex(std::string_view text, uint32_t limit);
// What Tree::Text makes of bytes.
std::string Printable(std::string_view bytes);

}  // namespace motley
