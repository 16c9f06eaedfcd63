#include "tests/engine/gguf/gguf_builder.h"

#include <algorithm>
#include <fstream>

namespace motley {

GgufBuilder& GgufBuilder::Remove(const std::string& key) {
  std::erase_if(keys_, [&](const Key& k) { return k.name == key; });
  return *this;
}

GgufBuilder& GgufBuilder::AppendRaw(const std::string& key, uint32_t type, std::string bytes) {
  keys_.push_back({key, type, {{GgufMark::kValue, "value", std::move(bytes)}}});
  return *this;
}

GgufBuilder& GgufBuilder::SetParts(const std::string& key, uint32_t type, std::vector<Part> parts) {
  const auto found = std::ranges::find(keys_, key, &Key::name);
  Key& place = found == keys_.end() ? keys_.emplace_back() : *found;
  place = {key, type, std::move(parts)};
  return *this;
}

GgufBuilder& GgufBuilder::Random(const std::string& name, TensorType type,
                                 std::vector<int64_t> dims, RandomValues values) {
  int64_t rows = 1;
  for (size_t i = 1; i < dims.size(); ++i) rows *= dims[i];
  // Each tensor has its own values, whatever was added before it.
  for (const char c : name) values.seed = values.seed * 1099511628211u + static_cast<uint8_t>(c);
  return Tensor(name, Traits(type).gguf_id, {dims.begin(), dims.end()},
                RandomTensor(type, dims[0], rows, values));
}

GgufBuilder& GgufBuilder::Tensor(const std::string& name, uint32_t type, std::vector<uint64_t> dims,
                                 std::string data) {
  tensors_.push_back({name, type, std::move(dims), std::move(data)});
  return *this;
}

GgufBuilder& GgufBuilder::RemoveTensor(const std::string& name) {
  std::erase_if(tensors_, [&](const TensorData& t) { return t.name == name; });
  return *this;
}

GgufBuilder& GgufBuilder::Align(uint32_t alignment) {
  alignment_ = alignment;
  return Set("general.alignment", alignment);
}

void GgufBuilder::PutText(std::vector<Part>& parts, const std::string& text) {
  parts.push_back({GgufMark::kLength, "string length", Packed(uint64_t{text.size()})});
  parts.push_back({GgufMark::kValue, "string", text});
}

void GgufBuilder::Put(std::string& out, GgufMark::Kind kind, std::string name,
                      const std::string& bytes) {
  marks_.push_back({kind, std::move(name), out.size(), bytes.size()});
  out += bytes;
}

void GgufBuilder::PutName(std::string& out, const std::string& owner, const std::string& name) {
  Put(out, GgufMark::kLength, owner + " name length", Packed(uint64_t{name.size()}));
  Put(out, GgufMark::kValue, owner + " name", name);
}

std::string GgufBuilder::Build() {
  std::string out, data;
  marks_.clear();
  Put(out, GgufMark::kMagic, "magic", "GGUF");
  Put(out, GgufMark::kMagic, "version", Packed(version_));
  Put(out, GgufMark::kLength, "tensor count", Packed(uint64_t{tensors_.size()}));
  Put(out, GgufMark::kLength, "key count", Packed(uint64_t{keys_.size()}));
  for (const Key& key : keys_) {
    PutName(out, key.name, key.name);
    Put(out, GgufMark::kType, key.name + " type", Packed(key.type));
    for (const Part& part : key.parts) Put(out, part.kind, key.name + " " + part.what, part.bytes);
  }
  const uint32_t unit = alignment_ ? alignment_ : 1;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const TensorData& tensor = tensors_[i];
    const std::string owner = "tensor[" + std::to_string(i) + "]";
    PutName(out, owner, tensor.name);
    Put(out, GgufMark::kCount, owner + " n_dims",
        Packed(static_cast<uint32_t>(tensor.dims.size())));
    for (size_t d = 0; d < tensor.dims.size(); ++d) {
      Put(out, GgufMark::kDim, owner + " dims[" + std::to_string(d) + "]", Packed(tensor.dims[d]));
    }
    Put(out, GgufMark::kType, owner + " type", Packed(tensor.type));
    Put(out, GgufMark::kOffset, owner + " offset", Packed(uint64_t{data.size()}));
    data += tensor.data;
    data.resize((data.size() + unit - 1) / unit * unit);
  }
  if (!tensors_.empty()) out.resize((out.size() + unit - 1) / unit * unit);
  return out + data;
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace motley
