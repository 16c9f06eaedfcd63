#include "backends/opencl/checks.h"

#include "backends/cpu/checks.h"
#include "base/checked.h"

namespace motley::opencl {
namespace {

constexpr int kHeadLimit = 512;  // HEAD_LIMIT of online_softmax_opencl.cl
constexpr int64_t kIndexLimit = INT32_MAX;

// Beyond the shapes, which CheckShapes has seen.
struct Narrower {
  Status operator()(const op::StoreKv<Tensor>& c) const {
    return Caches(c.kName, c.k_cache, c.v_cache);
  }

  Status operator()(const op::Attention<Tensor>& c) const {
    if (c.head_dim > kHeadLimit) {
      return Error::Unsupported("attention: head_dim " + std::to_string(c.head_dim) + ", at most " +
                                std::to_string(kHeadLimit));
    }
    return Caches(c.kName, c.k_cache, c.v_cache);
  }

  template <class Call>
  Status operator()(const Call&) const {
    return {};
  }

  static Status Caches(std::string_view op, const Tensor& k, const Tensor& v) {
    if (k.type == v.type) return {};
    return Error::Unsupported(std::string(op) + ": k_cache is " + std::string(Traits(k.type).name) +
                              ", v_cache " + std::string(Traits(v.type).name));
  }
};

// Kernels take values of 4 bytes (caches: of 2) at whole multiples, and count rows and columns in
// int.
Status CheckPlace(std::string_view op, const Tensor& t) {
  const int64_t unit = t.type == TensorType::kF16 && t.layout == Layout::kDense ? 2 : 4;
  if (t.offset < 0 || t.offset % unit != 0) {
    return Error::Unsupported(std::string(op) + ": an operand at byte " + std::to_string(t.offset) +
                              ", must be a multiple of " + std::to_string(unit));
  }
  if (t.layout == Layout::kDevice && t.offset != 0) {
    return Error::Unsupported(std::string(op) + ": a part of a weight");
  }
  if (t.rows > kIndexLimit || t.cols > kIndexLimit) {
    return Error::Unsupported(std::string(op) + ": an operand of " + std::to_string(t.rows) +
                              " x " + std::to_string(t.cols));
  }
  return {};
}

}  // namespace

Status CheckCall(const OpCall& call) {
  TRY(CheckShapes(call));
  TRY(std::visit(Narrower(), call));
  Status status;
  const auto check = [&](const Tensor& t) {
    if (status.ok()) status = CheckPlace(OpName(call), t);
  };
  OpCall copy = call;
  std::visit([&](auto& c) { c.ForEach(check); }, copy);
  return status;
}

Status CheckHandles(const OpCall& call) {
  bool missing = false;
  OpCall copy = call;
  const auto check = [&](const Tensor& t) { missing |= t.cols != 0 && t.handle == nullptr; };
  std::visit([&](auto& c) { c.ForEach(check); }, copy);
  if (!missing) return {};
  return Error::Invalid("handle", std::string(OpName(call)) + ": an operand has no memory");
}

Status CheckWeight(const WeightSpec& spec) {
  const TypeTraits& traits = Traits(spec.type);
  const std::string shape = std::to_string(spec.rows) + " x " + std::to_string(spec.cols);
  if (spec.type == TensorType::kI32) {
    return Error::Invalid(spec.name, "weight " + spec.name + " is I32, which no op multiplies");
  }
  const auto values = CheckedMul<int64_t>(spec.rows, spec.cols);
  if (spec.rows <= 0 || spec.cols <= 0 || spec.rows > kIndexLimit || spec.cols > kIndexLimit ||
      !values || *values > INT64_MAX / 64) {
    return Error::Invalid(spec.name, "weight " + spec.name + " has the impossible shape " + shape);
  }
  if (spec.cols % traits.block_elements != 0) {
    return Error::Invalid(spec.name, "weight " + spec.name + " is " + shape + ", and " +
                                         std::string(traits.name) +
                                         " needs rows of a multiple of " +
                                         std::to_string(traits.block_elements) + " values");
  }
  if (spec.use == WeightUse::kVector && spec.rows != 1) {
    return Error::Invalid(spec.name, "vector " + spec.name + " has " + shape + " values");
  }
  return {};
}

}  // namespace motley::opencl
