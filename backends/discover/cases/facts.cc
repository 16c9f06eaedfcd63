#include <algorithm>
#include <charconv>

#include "backends/discover/cases/diagnose.h"

namespace motley {
namespace {

std::string Value(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

// Of "0000:81:00.1": what the functions of a card share.
std::string_view SlotOf(const std::string& address) {
  return std::string_view(address).substr(0, address.rfind('.'));
}

}  // namespace

std::string Attribute(const MachineFacts& facts, const std::string& name) {
  return Value(facts.attributes, name);
}

std::string Attribute(const PciFunction& function, const std::string& name) {
  return Value(function.attributes, name);
}

int64_t Number(const std::string& text) {
  int64_t value = -1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? value : -1;
}

bool HasModule(const MachineFacts& facts, std::string_view name) {
  return std::find(facts.modules.begin(), facts.modules.end(), name) != facts.modules.end();
}

bool HasLibrary(const MachineFacts& facts, std::string_view start) {
  return std::any_of(facts.libraries.begin(), facts.libraries.end(), [&](const std::string& path) {
    return std::string_view(path).substr(path.rfind('/') + 1).starts_with(start);
  });
}

bool OlderThan(const std::string& release, int major, int minor) {
  int has_major = 0, has_minor = 0;
  const char* end = release.data() + release.size();
  const auto first = std::from_chars(release.data(), end, has_major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return false;
  const auto second = std::from_chars(first.ptr + 1, end, has_minor);
  if (second.ec != std::errc()) return false;
  return has_major < major || (has_major == major && has_minor < minor);
}

bool IsCloudKernel(const MachineFacts& facts) {
  return facts.kernel_release.find("-cloud-") != std::string::npos;
}

int CountOfList(std::string_view list) {
  int64_t count = 0;
  while (!list.empty()) {
    const std::string_view part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), part.size() + 1));
    const size_t dash = part.find('-');
    const int64_t first = Number(std::string(part.substr(0, dash)));
    const int64_t last = dash == part.npos ? first : Number(std::string(part.substr(dash + 1)));
    if (first >= 0 && last >= first && last < (1 << 20)) count += last - first + 1;
  }
  return static_cast<int>(std::min<int64_t>(count, 1 << 20));
}

std::string UserOf(const MachineFacts& facts) { return facts.user.empty() ? "$USER" : facts.user; }

const PciFunction* OtherFunction(const Subject& subject, FpgaPart part) {
  for (const PciFunction& other : subject.facts.functions)
    if (&other != &subject.function && other.vendor == subject.function.vendor &&
        SlotOf(other.address) == SlotOf(subject.function.address) &&
        FpgaPartOf(other.vendor, other.device) == part)
      return &other;
  return nullptr;
}

}  // namespace motley
