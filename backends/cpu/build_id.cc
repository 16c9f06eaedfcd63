#include "backends/cpu/build_id.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace motley {
namespace {

constexpr size_t kDigits = 12;

size_t RoundUp4(size_t n) { return (n + 3) & ~size_t{3}; }

// Notes are (name size, data size, type), name, data; each padded to 4 bytes (System V ABI, "Note
// Section").
std::string FindInNotes(const char* at, size_t size) {
  const char* end = at + size;
  while (static_cast<size_t>(end - at) >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof note);
    const char* name = at + sizeof note;
    const char* data = name + RoundUp4(note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      std::string hex;
      for (size_t i = 0; i < std::min<size_t>(note.n_descsz, kDigits / 2); ++i) {
        constexpr char kHex[] = "0123456789abcdef";
        const auto byte = static_cast<uint8_t>(data[i]);
        hex += {kHex[byte >> 4], kHex[byte & 15]};
      }
      return hex;
    }
    at = data + RoundUp4(note.n_descsz);
  }
  return {};
}

int VisitObject(dl_phdr_info* object, size_t, void* result) {
  const auto here = reinterpret_cast<uintptr_t>(&VisitObject);
  bool ours = false;
  std::string id;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    const uintptr_t start = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD) ours |= here >= start && here - start < segment.p_memsz;
    if (segment.p_type == PT_NOTE && id.empty()) {
      id = FindInNotes(reinterpret_cast<const char*>(start), segment.p_memsz);
    }
  }
  if (ours) *static_cast<std::string*>(result) = id;
  return ours ? 1 : 0;
}

}  // namespace

std::string BuildId() {
  std::string id;
  dl_iterate_phdr(VisitObject, &id);
  return id.empty() ? "unknown" : id;
}

}  // namespace motley
