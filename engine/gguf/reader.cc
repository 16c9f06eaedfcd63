#include "engine/gguf/reader.h"

#include <bit>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "engine/gguf/validator.h"

namespace motley {
namespace {

constexpr uint32_t kMagic = 0x46554747;  // "GGUF"
// The least a key-value pair and a tensor description can take in the file.
constexpr uint64_t kMinKeyBytes = 8 + 1 + 4 + 1;
constexpr uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

struct Header {
  uint32_t version;
  uint64_t tensors;
  uint64_t keys;
};

Error BadVersion(uint32_t version) {
  Error error =
      Error::Unsupported("GGUF version " + std::to_string(version) + ", read are 2 and 3");
  if (const uint32_t swapped = __builtin_bswap32(version); swapped >= 1 && swapped <= 3) {
    error.message = "a big-endian GGUF file, read are little-endian ones";
  }
  error.field = "header.version";
  return std::move(error).Fix("convert the model again with a current converter").At(4);
}

Result<uint64_t> ReadCount(Cursor& cursor, std::string_view field, uint64_t min_bytes,
                           uint64_t limit) {
  const uint64_t at = cursor.position();
  const uint64_t count = TRY(cursor.Read<uint64_t>({field}));
  TRY(cursor.CheckCount({field}, count, min_bytes, at));
  if (count > limit) {
    return Error::Invalid(std::string(field), "a count of " + std::to_string(count) +
                                                  ", the limit is " + std::to_string(limit))
        .At(at);
  }
  return count;
}

Result<Header> ReadHeader(Cursor& cursor) {
  if (TRY(cursor.Read<uint32_t>({"header.magic"})) != kMagic) {
    return Error::Invalid("header.magic", "not a GGUF file: it does not begin with \"GGUF\"").At(0);
  }
  Header header;
  header.version = TRY(cursor.Read<uint32_t>({"header.version"}));
  if (header.version != 2 && header.version != 3) return BadVersion(header.version);
  header.tensors = TRY(ReadCount(cursor, "header.tensor_count", kMinTensorBytes, kMaxTensors));
  header.keys = TRY(ReadCount(cursor, "header.kv_count", kMinKeyBytes, kMaxKeys));
  return header;
}

Status ReadAll(Cursor& cursor, Manifest& manifest, Offsets& offsets) {
  const Header header = TRY(ReadHeader(cursor));
  manifest.version = header.version;
  TRY(ReadMetadata(cursor, header.keys, manifest, offsets));
  manifest.alignment = TRY(AlignmentOf(manifest));
  TRY(ReadTensors(cursor, header.tensors, manifest, offsets));
  return ValidateManifest(manifest);
}

}  // namespace

Result<uint32_t> AlignmentOf(const Manifest& manifest) {
  static const std::string kKey = "general.alignment";
  if (!manifest.metadata.contains(kKey)) return 32u;  // the specification's default
  const int64_t alignment = TRY(manifest.Integer(kKey));
  if (alignment < 8 || alignment > static_cast<int64_t>(kMaxAlignment) ||
      !std::has_single_bit(static_cast<uint64_t>(alignment))) {
    return Error::Invalid(kKey, "is " + std::to_string(alignment) +
                                    ", must be a power of two from 8 to " +
                                    std::to_string(kMaxAlignment));
  }
  return static_cast<uint32_t>(alignment);
}

Error Locate(Error error, const Offsets& offsets) {
  if (error.offset) return error;
  const std::string_view field = error.field;
  if (field.starts_with("tensor[")) {
    size_t index = 0;
    std::from_chars(field.data() + 7, field.data() + field.size(), index);
    if (index < offsets.tensors.size()) error.offset = offsets.tensors[index];
    return error;
  }
  auto found = offsets.metadata.find(error.field);
  if (found == offsets.metadata.end()) {
    found = offsets.metadata.find(error.field.substr(0, error.field.rfind('[')));
  }
  if (found != offsets.metadata.end()) error.offset = found->second;
  return error;
}

Result<OpenFile> OpenGguf(const std::string& path) {
  // Asked before opening: opening a pipe would wait for its writer.
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return Error::Invalid("file", path + " is not a regular file");
  }
  auto fd = OpenForReading(path);
  if (!fd.ok()) {
    Error error = fd.ReleaseError();
    error.field = "file";
    return error;
  }
  const uint64_t bytes = TRY(FileSize(*fd));
  return OpenFile{path, fd.ReleaseValue(), bytes};
}

Result<Manifest> ParseOpenGguf(const OpenFile& file) {
  Manifest manifest;
  manifest.path = file.path;
  manifest.file_bytes = file.bytes;
  Cursor cursor(file.fd, file.bytes, kMetadataMemoryBytes);
  Offsets offsets;
  auto read = ReadAll(cursor, manifest, offsets);
  if (!read.ok()) return Locate(read.ReleaseError(), offsets);
  return manifest;
}

Result<Manifest> ParseGguf(const std::string& path) { return ParseOpenGguf(TRY(OpenGguf(path))); }

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 64;
  std::string out = "\"";
  for (const char c : text.substr(0, kShown)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out + (text.size() > kShown ? "...\"" : "\"");
}

}  // namespace motley
