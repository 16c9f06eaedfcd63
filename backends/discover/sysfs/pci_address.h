#pragma once
// Where a function sits on the PCI bus. Stateless; any thread.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace motley {

// Ordered as the bus is.
struct PciAddress {
  uint32_t domain = 0;
  uint8_t bus = 0, device = 0, function = 0;
  auto operator<=>(const PciAddress&) const = default;
};
// "0000:21:00.0", "21:00.0" (domain 0), "00000000:21:00.0" as NVML writes it; upper or lower case.
std::optional<PciAddress> ParsePciAddress(std::string_view text);
// As the kernel writes it: at least four digits of domain.
std::string ToString(const PciAddress& address);

}  // namespace motley
