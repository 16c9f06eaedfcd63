#include <string>

#include "backends/conformance/case.h"
#include "kernels/dequantize/dequantize.h"

namespace motley::conformance {
namespace {

constexpr int kRowCounts[] = {1, 2, 3, 7, 9, 33};

// Copies and one or two roundings.
constexpr double kGetRowsTolerance = 1e-6;
// Sums of up to 512 products in float, in any order.
constexpr double kFloatTolerance = 3e-5;
// The same, and an activation that lies between two int8 may go either way (the division by its
// scale is rounded): one step of 1/127 in one of 32 or more products.
constexpr double kQuantTolerance = 1e-3;

std::vector<TensorType> WeightTypes() {
  using enum TensorType;
  return {kF32, kF16, kBF16, kQ8_0, kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ4_K, kQ5_K, kQ6_K};
}

// Columns: the least a type can have, and a few blocks of it.
int64_t OneBlock(TensorType type) { return IsQuantized(type) ? Traits(type).block_elements : 7; }
int64_t SomeBlocks(TensorType type) { return Traits(type).block_elements == 256 ? 512 : 352; }

Case GetRowsCase(Operand table, float scale, Random& random) {
  std::vector<int32_t> ids;
  for (int i = 0; i < 9; ++i) ids.push_back(static_cast<int32_t>(random.Next() % table.rows));
  ids[3] = 0;
  ids[4] = ids[5] = static_cast<int32_t>(table.rows - 1);
  Case out;
  out.name = "K " + std::to_string(table.cols) + (table.role == Role::kWeight ? "" : " dense");
  const int64_t cols = table.cols;
  out.operands = {std::move(table), Indices(ids), Padded(Output(9, cols))};
  out.call = [scale](const Bind& t) -> OpCall {
    return op::GetRows<Tensor>{t(0), t(1), t(2), scale};
  };
  return out;
}

Suite GetRowsSuite(TensorType type) {
  Random random(100 + static_cast<uint64_t>(type));
  Suite suite{op::GetRows<Tensor>::kName, type, kGetRowsTolerance, {}};
  for (const int64_t cols : {OneBlock(type), SomeBlocks(type)}) {
    for (const float scale : {1.0f, 25.3f}) {
      suite.cases.push_back(GetRowsCase(WeightOf(type, 37, cols, random), scale, random));
    }
  }
  if (type == TensorType::kF32) {
    suite.cases.push_back(GetRowsCase(Padded(Values(Role::kInput, 37, 65, random)), 1.0f, random));
  }
  return suite;
}

enum class Bias { kNone, kAll };

// Operands: x, then weight, y (and bias) of each product.
Case MulMatCase(TensorType type, int64_t rows, const std::vector<int64_t>& outs, int64_t cols,
                Bias bias, Random& random) {
  Case out;
  out.name = "M " + std::to_string(rows) + " K " + std::to_string(cols) + " N";
  out.operands.push_back(Padded(Values(Role::kInput, rows, cols, random)));
  for (const int64_t n : outs) {
    out.name += " " + std::to_string(n);
    out.operands.push_back(WeightOf(type, n, cols, random));
    out.operands.push_back(Padded(Output(rows, n)));
    if (bias == Bias::kAll) {
      out.operands.push_back(Values(Role::kVector, 1, n, random));
    }
  }
  out.call = [count = outs.size(), bias](const Bind& t) -> OpCall {
    op::MulMat<Tensor> call;
    call.x = t(0);
    call.count = static_cast<int>(count);
    size_t at = 1;
    for (size_t i = 0; i < count; ++i) {
      call.products[i].weight = t(at++);
      call.products[i].y = t(at++);
      if (bias == Bias::kAll) call.products[i].bias = t(at++);
    }
    return call;
  };
  return out;
}

Suite MulMatSuite(TensorType type) {
  Random random(200 + static_cast<uint64_t>(type));
  Suite suite{
      op::MulMat<Tensor>::kName, type, IsQuantized(type) ? kQuantTolerance : kFloatTolerance, {}};
  for (const int rows : kRowCounts) {
    suite.cases.push_back(MulMatCase(type, rows, {5}, OneBlock(type), Bias::kNone, random));
    suite.cases.push_back(MulMatCase(type, rows, {100}, SomeBlocks(type), Bias::kAll, random));
    suite.cases.push_back(
        MulMatCase(type, rows, {64, 17, 33}, SomeBlocks(type), Bias::kNone, random));
  }
  return suite;
}

}  // namespace

std::vector<Suite> MatrixSuites() {
  std::vector<Suite> suites;
  for (const TensorType type : WeightTypes()) suites.push_back(GetRowsSuite(type));
  for (const TensorType type : WeightTypes()) suites.push_back(MulMatSuite(type));
  return suites;
}

}  // namespace motley::conformance
