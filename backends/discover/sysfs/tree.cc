#include "backends/discover/sysfs/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace motley {
namespace {

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? real.get() : "";
}

bool IsPrintable(char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\n'; }

}  // namespace

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<int64_t> ParseNumber(std::string_view text) {
  text = Trimmed(text);
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  if (hex && text.starts_with('-')) return {};
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<uint32_t> ParseHex(std::string_view text, uint32_t limit) {
  text = Trimmed(text);
  if (text.starts_with("0x")) text.remove_prefix(2);
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || value > limit) return {};
  return value;
}

std::string Printable(std::string_view bytes) {
  std::string out(Trimmed(bytes));
  for (char& c : out)
    if (!IsPrintable(c)) c = '?';
  return out;
}

Tree::Tree(const std::string& root) : root_(root) {
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  if (root_ == "/") root_.clear();
  real_root_ = root_.empty() ? "" : RealPath(root_);
}

std::string Tree::Inside(const std::string& path) const {
  if (root_.empty()) return "/" + path;
  const std::string real = RealPath(root_ + "/" + path);
  const bool inside = real == real_root_ || real.starts_with(real_root_ + "/");
  return inside ? real : "";
}

bool Tree::IsFolder(const std::string& path) const {
  std::error_code error;
  const std::string inside = Inside(path);
  return !inside.empty() && std::filesystem::is_directory(inside, error);
}

Fd Tree::Open(const std::string& path) const {
  const std::string inside = Inside(path);
  if (inside.empty()) return {};
  // Not blocking: a recorded tree may hold a pipe.
  Fd fd(open(inside.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status = {};
  if (!fd.valid() || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return fd;
}

std::string Tree::Bytes(const std::string& path, size_t limit) const {
  const Fd fd = Open(path);
  if (!fd.valid()) return {};
  std::string out(limit, '\0');
  size_t size = 0;
  while (size < limit) {
    const ssize_t count = read(fd.get(), out.data() + size, limit - size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    size += count;
  }
  out.resize(size);
  return out;
}

std::string Tree::Text(const std::string& path, size_t limit) const {
  return Printable(Bytes(path, limit));
}

std::optional<int64_t> Tree::Number(const std::string& path) const {
  return ParseNumber(Text(path));
}

std::vector<std::string> Tree::List(const std::string& path) const {
  std::vector<std::string> names;
  const std::string inside = Inside(path);
  if (inside.empty()) return names;
  std::error_code error;
  std::filesystem::directory_iterator entry(inside, error);
  for (; !error && entry != std::filesystem::directory_iterator() && names.size() < kEntryLimit;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && Printable(name) == name) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Tree::Resolve(const std::string& path) const {
  const std::string real = root_.empty() ? RealPath("/" + path) : Inside(path);
  return real.size() > real_root_.size() + 1 ? real.substr(real_root_.size() + 1) : "";
}

std::string Tree::LinkName(const std::string& path) const {
  // The folder that holds the link must be inside; the target itself is only a name.
  const size_t slash = path.rfind('/');
  const std::string folder = Inside(slash == std::string::npos ? "." : path.substr(0, slash));
  if (folder.empty()) return {};
  char target[PATH_MAX];
  const ssize_t size =
      readlink((folder + "/" + path.substr(slash + 1)).c_str(), target, sizeof target);
  if (size <= 0) return {};
  std::string_view text(target, size);
  while (text.ends_with('/')) text.remove_suffix(1);
  return Printable(text.substr(text.rfind('/') + 1));
}

}  // namespace motley
