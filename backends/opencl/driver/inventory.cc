#include "backends/opencl/driver/inventory.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "backends/opencl/driver/hash.h"

namespace motley::opencl {
namespace {

// Numbers of extensions, from the Khronos registry and the vendors' cl_ext.h.
constexpr cl_device_info kPciBusInfoKhr = 0x410F;
constexpr cl_device_info kUuidKhr = 0x106A;
constexpr cl_device_info kTopologyAmd = 0x4037;
constexpr cl_device_info kPciBusNv = 0x4008, kPciSlotNv = 0x4009, kPciDomainNv = 0x400A;

std::string Text(const Api& api, cl_device_id device, cl_device_info what) {
  size_t size = 0;
  if (api.GetDeviceInfo(device, what, 0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (api.GetDeviceInfo(device, what, size, text.data(), nullptr) != CL_SUCCESS) return {};
  text.resize(text.find('\0') == std::string::npos ? size : text.find('\0'));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string Text(const Api& api, cl_platform_id platform, cl_platform_info what) {
  size_t size = 0;
  if (api.GetPlatformInfo(platform, what, 0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (api.GetPlatformInfo(platform, what, size, text.data(), nullptr) != CL_SUCCESS) return {};
  text.resize(size - 1);
  return text;
}

template <class T>
T Number(const Api& api, cl_device_id device, cl_device_info what) {
  T value{};
  if (api.GetDeviceInfo(device, what, sizeof value, &value, nullptr) != CL_SUCCESS) return T{};
  return value;
}

template <class T>
bool Ask(const Api& api, cl_device_id device, cl_device_info what, T& value) {
  return api.GetDeviceInfo(device, what, sizeof value, &value, nullptr) == CL_SUCCESS;
}

std::string FormatPci(uint32_t domain, uint32_t bus, uint32_t device, uint32_t function) {
  char text[32];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff, device & 0x1f,
                function & 7);
  return text;
}

std::string PciAddress(const Api& api, cl_device_id device, const std::string& extensions) {
  const auto has = [&](const char* name) { return extensions.find(name) != std::string::npos; };
  if (std::array<uint32_t, 4> khr;
      has("cl_khr_pci_bus_info") && Ask(api, device, kPciBusInfoKhr, khr)) {
    return FormatPci(khr[0], khr[1], khr[2], khr[3]);
  }
  // The union of cl_amd_device_topology: type 1 is PCIe, the address its last three bytes.
  struct {
    uint32_t type;
    uint8_t unused[17], bus, device, function;
  } amd;
  if (has("cl_amd_device_attribute_query") && Ask(api, device, kTopologyAmd, amd) &&
      amd.type == 1) {
    return FormatPci(0, amd.bus, amd.device, amd.function);
  }
  uint32_t bus = 0, slot = 0, domain = 0;
  if (has("cl_nv_device_attribute_query") && Ask(api, device, kPciBusNv, bus) &&
      Ask(api, device, kPciSlotNv, slot)) {
    Ask(api, device, kPciDomainNv, domain);
    return FormatPci(domain, bus, slot >> 3, slot);
  }
  return {};
}

std::string DriverUuid(const Api& api, cl_device_id device, const std::string& extensions) {
  std::array<uint8_t, 16> uuid;
  if (extensions.find("cl_khr_device_uuid") == std::string::npos ||
      !Ask(api, device, kUuidKhr, uuid)) {
    return {};
  }
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", uuid[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits;
  }
  return text;
}

// Why our kernels cannot run there, or nothing.
std::string Unusable(const Api& api, cl_device_id device) {
  if (!Number<cl_bool>(api, device, CL_DEVICE_AVAILABLE))
    return "the driver calls it not available";
  if (!Number<cl_bool>(api, device, CL_DEVICE_COMPILER_AVAILABLE)) return "no OpenCL C compiler";
  if (!Number<cl_bool>(api, device, CL_DEVICE_ENDIAN_LITTLE)) return "big-endian";
  int major = 0, minor = 0;
  const std::string version = Text(api, device, CL_DEVICE_VERSION);
  if (std::sscanf(version.c_str(), "OpenCL %d.%d", &major, &minor) != 2 ||
      major * 10 + minor < 12) {
    return "needs OpenCL 1.2, has " + version;
  }
  const auto items = Number<size_t>(api, device, CL_DEVICE_MAX_WORK_GROUP_SIZE);
  if (items < 128) return "work-groups of at most " + std::to_string(items) + " items, needs 128";
  const auto local = Number<cl_ulong>(api, device, CL_DEVICE_LOCAL_MEM_SIZE);
  if (local < 8192) return "local memory of " + FormatBytes(local) + ", needs 8 KiB";
  return {};
}

Found Describe(const Api& api, cl_platform_id platform, cl_device_id device) {
  Found found{platform, device};
  const auto type = Number<cl_device_type>(api, device, CL_DEVICE_TYPE);
  const std::string extensions = Text(api, device, CL_DEVICE_EXTENSIONS);
  found.kernels = type & CL_DEVICE_TYPE_CPU ? KernelClass::kItem : KernelClass::kGroup;
  found.allocation_limit = Number<cl_ulong>(api, device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  const auto floats = Number<cl_device_fp_config>(api, device, CL_DEVICE_SINGLE_FP_CONFIG);
  found.exact_division = floats & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT;
  found.fuses = floats & CL_FP_FMA;
  found.own_cache = Text(api, platform, CL_PLATFORM_NAME) == "Portable Computing Language";
  DeviceInfo& info = found.info;
  info.kind = type & CL_DEVICE_TYPE_CPU ? "cpu" : type & CL_DEVICE_TYPE_GPU ? "gpu" : "other";
  info.backend = "opencl";
  info.name = Text(api, device, CL_DEVICE_NAME);
  info.pci = PciAddress(api, device, extensions);
  info.uuid = DriverUuid(api, device, extensions);
  info.driver_name = Text(api, platform, CL_PLATFORM_NAME);
  info.driver_version = Text(api, device, CL_DRIVER_VERSION);
  info.memory_bytes = Number<cl_ulong>(api, device, CL_DEVICE_GLOBAL_MEM_SIZE);
  info.free_bytes = info.memory_bytes;
  info.compute_units = static_cast<int>(Number<cl_uint>(api, device, CL_DEVICE_MAX_COMPUTE_UNITS));
  if (std::string reason = Unusable(api, device); !reason.empty()) {
    info.state = "failed";
    info.reason = std::move(reason);
    info.fix = "update the vendor's OpenCL driver, or leave the device out";
  }
  return found;
}

std::vector<cl_platform_id> Platforms(const Api& api) {
  cl_uint count = 0;
  if (api.GetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) return {};
  std::vector<cl_platform_id> platforms(count);
  if (api.GetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) return {};
  std::ranges::stable_sort(platforms, {}, [&](cl_platform_id platform) {
    return Text(api, platform, CL_PLATFORM_NAME);
  });
  return platforms;
}

}  // namespace

std::vector<Found> FindDevices(const Api& api) {
  std::vector<Found> all;
  for (cl_platform_id platform : Platforms(api)) {
    cl_uint count = 0;
    if (api.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) continue;
    std::vector<cl_device_id> devices(count);
    if (count == 0 || api.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, devices.data(),
                                       nullptr) != CL_SUCCESS) {
      continue;
    }
    for (cl_device_id device : devices) all.push_back(Describe(api, platform, device));
  }
  std::map<std::string, int> equals;
  for (size_t i = 0; i < all.size(); ++i) {
    DeviceInfo& info = all[i].info;
    info.id = "ocl" + std::to_string(i);
    const std::string identity = info.driver_name + '\n' + info.name + '\n' + info.pci;
    const int place = equals[identity]++;
    if (info.uuid.empty()) info.uuid = "ocl-" + Hex(Hash(identity + '\n' + std::to_string(place)));
  }
  return all;
}

}  // namespace motley::opencl
