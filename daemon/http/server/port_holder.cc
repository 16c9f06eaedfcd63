#include "daemon/http/server/port_holder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace motley {
namespace {

namespace fs = std::filesystem;

constexpr char kListening[] = "0A";  // TCP_LISTEN, as /proc/net/tcp writes it

// Inodes of the listening sockets of `port` in a table of proc(5)'s /proc/net/tcp form.
void AddInodes(const std::string& table, uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  const std::string suffix = fmt::format(":{:04X}", port);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    if (state == kListening && local.ends_with(suffix)) inodes.insert("socket:[" + inode + "]");
  }
}

bool HoldsOne(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code unreadable;
    if (sockets.contains(fs::read_symlink(fd->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

std::string PortHolder(uint16_t port, const std::string& proc) {
  std::set<std::string> sockets;
  AddInodes(proc + "/net/tcp", port, sockets);
  AddInodes(proc + "/net/tcp6", port, sockets);
  if (sockets.empty()) return "";
  std::error_code error;
  for (fs::directory_iterator entry(proc, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename().string();
    if (!std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    if (!HoldsOne(entry->path(), sockets)) continue;
    std::ifstream file(entry->path() / "comm");
    std::string name;
    std::getline(file, name);
    return fmt::format("process {} ({})", pid, name);
  }
  return "";
}

}  // namespace motley
