#include "backends/discover/sysfs/pci_address.h"

#include <cstdio>

#include "backends/discover/sysfs/tree.h"

namespace motley {

std::optional<PciAddress> ParsePciAddress(std::string_view text) {
  const size_t dot = text.rfind('.'), last = text.rfind(':');
  if (dot == std::string_view::npos || last == std::string_view::npos || dot < last) return {};
  const std::string_view front = text.substr(0, last);
  const size_t first = front.find(':');
  const bool has_domain = first != std::string_view::npos;
  const auto part = [](std::string_view digits, size_t most, uint32_t limit) {
    const bool sound = !digits.empty() && digits.size() <= most &&
                       digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos;
    return sound ? ParseHex(digits, limit) : std::nullopt;
  };
  const auto domain = has_domain ? part(front.substr(0, first), 8, ~0u) : 0;
  const auto bus = part(has_domain ? front.substr(first + 1) : front, 2, 0xff);
  const auto device = part(text.substr(last + 1, dot - last - 1), 2, 0x1f);
  const auto function = part(text.substr(dot + 1), 1, 7);
  if (!domain || !bus || !device || !function) return {};
  return PciAddress{*domain, static_cast<uint8_t>(*bus), static_cast<uint8_t>(*device),
                    static_cast<uint8_t>(*function)};
}

std::string ToString(const PciAddress& address) {
  char text[24];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", address.domain, address.bus, address.device,
                address.function);
  return text;
}

}  // namespace motley
