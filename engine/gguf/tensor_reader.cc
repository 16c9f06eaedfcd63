// GGUF's tensor descriptions and the layout of the tensor data.

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "base/checked.h"
#include "engine/gguf/reader.h"

namespace motley {
namespace {

constexpr uint32_t kMaxDims = 4;
// A TensorEntry, its dims and name on the heap, its offset and the indices that sort it.
constexpr uint64_t kTensorCost = sizeof(TensorEntry) + 48 + 96 + 40;

constexpr const char* kReadTypes = "F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q4_K Q5_K Q6_K";

// ggml's public type table, for naming what is not read; an empty name is a number never used or
// withdrawn.
constexpr std::array<std::string_view, 40> kGgmlNames = {
    "F32",     "F16",    "Q4_0",    "Q4_1",  "",       "",      "Q5_0",  "Q5_1",
    "Q8_0",    "Q8_1",   "Q2_K",    "Q3_K",  "Q4_K",   "Q5_K",  "Q6_K",  "Q8_K",
    "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS",
    "I8",      "I16",    "I32",     "I64",   "F64",    "IQ1_M", "BF16",  "",
    "",        "",       "TQ1_0",   "TQ2_0", "",       "",      "",      "MXFP4"};

std::string Name(uint64_t index, const char* member) {
  return "tensor[" + std::to_string(index) + "]" + member;
}

Result<TensorType> ReadType(Cursor& cursor, uint64_t index, const std::string& tensor) {
  const uint64_t at = cursor.position();
  const std::string field = Name(index, ".type");
  const uint32_t id = TRY(cursor.Read<uint32_t>({field}));
  const auto type = TypeFromGguf(id);
  if (type && *type != TensorType::kI32) return *type;
  if (id >= kGgmlNames.size() || kGgmlNames[id].empty()) {
    return Error::Invalid(field,
                          tensor + " has type " + std::to_string(id) + ", which is no tensor type")
        .At(at);
  }
  Error error = Error::Unsupported(tensor + " has type " + std::string(kGgmlNames[id]) +
                                   ", read are " + kReadTypes);
  error.field = field;
  return std::move(error).Fix("use another quantisation of this model, Q4_K_M for one").At(at);
}

Result<std::vector<int64_t>> ReadDims(Cursor& cursor, uint64_t index, const std::string& tensor) {
  const uint64_t at = cursor.position();
  const std::string count_field = Name(index, ".n_dims"), field = Name(index, ".dims");
  const uint32_t count = TRY(cursor.Read<uint32_t>({count_field}));
  if (count < 1 || count > kMaxDims) {
    return Error::Invalid(count_field,
                          tensor + " has " + std::to_string(count) + " dims, must be 1 to 4")
        .At(at);
  }
  std::vector<int64_t> dims(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t dim = TRY(cursor.Read<uint64_t>({field, i}));
    if (dim == 0 || dim > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Error::Invalid(Field{field, i}.Text(), tensor + " has the dim " + std::to_string(dim) +
                                                        ", must be 1 to 2^63 - 1")
          .At(cursor.position() - sizeof dim);
    }
    dims[i] = static_cast<int64_t>(dim);
  }
  return dims;
}

// The bytes that a tensor's type and dims ask for.
Result<uint64_t> TensorBytes(const TensorEntry& tensor, uint64_t index) {
  const std::string field = Name(index, ".dims");
  if (tensor.dims.empty() || tensor.dims.size() > kMaxDims) {
    return Error::Invalid(field,
                          tensor.name + " has " + std::to_string(tensor.dims.size()) + " dims");
  }
  uint64_t values = 1;
  for (size_t i = 0; i < tensor.dims.size(); ++i) {
    const auto product = CheckedMul(values, static_cast<uint64_t>(tensor.dims[i]));
    if (tensor.dims[i] <= 0 || !product || *product > std::numeric_limits<int64_t>::max()) {
      return Error::Invalid(Field{field, static_cast<int64_t>(i)}.Text(),
                            tensor.name + " has more than 2^63 - 1 values");
    }
    values = *product;
  }
  const TypeTraits& traits = Traits(tensor.type);
  if (tensor.dims[0] % traits.block_elements != 0) {
    return Error::Invalid(field + "[0]", tensor.name + " has rows of " +
                                             std::to_string(tensor.dims[0]) + " values, " +
                                             std::string(traits.name) + " needs a multiple of " +
                                             std::to_string(traits.block_elements));
  }
  const auto bytes = CheckedMul<uint64_t>(values / traits.block_elements, traits.block_bytes);
  if (!bytes) return Error::Invalid(field, tensor.name + " has more than 2^64 - 1 bytes");
  return *bytes;
}

Status CheckPlace(const Manifest& manifest, uint64_t index) {
  const TensorEntry& tensor = manifest.tensors[index];
  const uint64_t bytes = TRY(TensorBytes(tensor, index));
  if (tensor.bytes != bytes)
    return Error::Invalid(Name(index, ".bytes"), tensor.name + " has a wrong size");
  if (tensor.offset % manifest.alignment != 0) {
    return Error::Invalid(Name(index, ".offset"),
                          tensor.name + " begins at byte " + std::to_string(tensor.offset) +
                              ", must be a multiple of " + std::to_string(manifest.alignment));
  }
  const auto end = CheckedAdd(tensor.offset, bytes);
  if (end && *end <= manifest.file_bytes) return {};
  return Error::Invalid(Name(index, ".offset"),
                        tensor.name + " needs " + std::to_string(bytes) + " bytes from byte " +
                            std::to_string(tensor.offset) + ", the file has " +
                            std::to_string(manifest.file_bytes))
      .Fix("the file is cut short or damaged: fetch it again");
}

// The indices of the tensors, ordered by `key`.
template <class Key>
std::vector<uint32_t> Sorted(const std::vector<TensorEntry>& tensors, Key key) {
  std::vector<uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {},
                           [&](uint32_t i) -> decltype(auto) { return key(tensors[i]); });
  return order;
}

Result<TensorEntry> ReadTensor(Cursor& cursor, uint64_t index) {
  const uint64_t at = cursor.position();
  const std::string field = Name(index, ".name");
  TensorEntry tensor;
  tensor.name = TRY(cursor.ReadString({field}, kMaxTensorNameBytes));
  if (tensor.name.empty() ||
      !std::ranges::all_of(tensor.name, [](char c) { return c > 0x20 && c < 0x7f; })) {
    return Error::Invalid(field,
                          "the name " + Quoted(tensor.name) + " is empty or not printable ASCII")
        .At(at);
  }
  tensor.dims = TRY(ReadDims(cursor, index, tensor.name));
  tensor.type = TRY(ReadType(cursor, index, tensor.name));
  tensor.bytes = TRY(TensorBytes(tensor, index));
  tensor.offset = TRY(cursor.Read<uint64_t>({Name(index, ".offset")}));
  return tensor;
}

}  // namespace

Status ReadTensors(Cursor& cursor, uint64_t count, Manifest& out, Offsets& offsets) {
  TRY(cursor.Charge({"header.tensor_count"}, count, kTensorCost, 8));
  out.tensors.reserve(count);
  offsets.tensors.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    offsets.tensors.push_back(cursor.position());
    out.tensors.push_back(TRY(ReadTensor(cursor, i)));
  }
  const auto data = CheckedRoundUp<uint64_t>(cursor.position(), out.alignment);
  for (uint64_t i = 0; i < count; ++i) {
    const auto absolute = data ? CheckedAdd(*data, out.tensors[i].offset) : std::nullopt;
    if (!absolute) {
      return Error::Invalid(Name(i, ".offset"), out.tensors[i].name + " begins past byte 2^64 - 1");
    }
    out.tensors[i].offset = *absolute;
  }
  return CheckLayout(out);
}

Status CheckLayout(const Manifest& manifest) {
  const auto& tensors = manifest.tensors;
  for (uint64_t i = 0; i < tensors.size(); ++i) TRY(CheckPlace(manifest, i));
  const auto by_name =
      Sorted(tensors, [](const TensorEntry& t) -> const std::string& { return t.name; });
  for (size_t i = 1; i < by_name.size(); ++i) {
    if (tensors[by_name[i]].name != tensors[by_name[i - 1]].name) continue;
    return Error::Invalid(Name(by_name[i], ".name"),
                          tensors[by_name[i]].name + " is in the file twice");
  }
  const auto by_offset = Sorted(tensors, [](const TensorEntry& t) { return t.offset; });
  for (size_t i = 1; i < by_offset.size(); ++i) {
    const TensorEntry &before = tensors[by_offset[i - 1]], &after = tensors[by_offset[i]];
    if (before.offset + before.bytes <= after.offset) continue;
    return Error::Invalid(Name(by_offset[i], ".offset"),
                          after.name + " begins at byte " + std::to_string(after.offset) +
                              ", inside " + before.name + " which ends at " +
                              std::to_string(before.offset + before.bytes));
  }
  return {};
}

}  // namespace motley
