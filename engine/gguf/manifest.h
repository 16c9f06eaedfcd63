#pragma once
// A GGUF file after validation: what is in it and where, every number checked. Plain data.
//
// LoadManifest parses in a throwaway process (`motley-worker --parse-gguf`, or the program given)
// with resource limits and returns what that process proved. Errors name the field
// ("tensor[3].dims", "llama.block_count"), the limit and the offset. See docs/formats.md for the
// rules.

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/os.h"
#include "base/result.h"
#include "kernels/op.h"

namespace motley {

// Integers are widened, floats too; arrays keep one kind of element.
using GgufValue = std::variant<bool, int64_t, uint64_t, double, std::string, std::vector<bool>,
                               std::vector<int64_t>, std::vector<double>, std::vector<std::string>>;

struct TensorEntry {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<int64_t> dims;  // GGUF order: dims[0] is contiguous (cols), dims[1] rows
  uint64_t offset = 0;        // from the start of the file
  uint64_t bytes = 0;
  int64_t cols() const { return dims.empty() ? 1 : dims[0]; }
  int64_t rows() const;  // product of the other dims
};

struct Manifest {
  std::string path;
  uint64_t file_bytes = 0;
  uint32_t version = 0;
  uint32_t alignment = 32;
  std::map<std::string, GgufValue> metadata;
  std::vector<TensorEntry> tensors;

  const TensorEntry* FindTensor(const std::string& name) const;
  // Typed access; a missing key is NotFound with the key as field, a wrong type InvalidArgument.
  Result<std::string> String(const std::string& key) const;
  Result<int64_t> Integer(const std::string& key) const;
  Result<double> Number(const std::string& key) const;
  // The value or a default when the key is missing (a wrong type is still the default's problem:
  // use the above).
  int64_t IntegerOr(const std::string& key, int64_t otherwise) const;
  double NumberOr(const std::string& key, double otherwise) const;
  bool BoolOr(const std::string& key, bool otherwise) const;
  const std::vector<std::string>* Strings(
      const std::string& key) const;  // nullptr: missing or other type
  const std::vector<int64_t>* Integers(const std::string& key) const;
  const std::vector<double>* Numbers(const std::string& key) const;
};

// Parses in this process. For the throwaway process and for tests; everybody else calls
// LoadManifest.
Result<Manifest> ParseGguf(const std::string& path);

// Parses in a child (address space 256 MiB, 30 s of CPU, no network, no writing) and maps its
// answer.
Result<Manifest> LoadManifest(const std::string& path);

// main() of that child: parses argv's file, writes the manifest or the error to a sealed memfd,
// sends it on fd 3.
int GgufChildMain(const std::string& path);

}  // namespace motley
