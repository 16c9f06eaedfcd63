#include <string>

#include "backends/conformance/case.h"

namespace motley::conformance {
namespace {

constexpr int kRowCounts[] = {1, 2, 3, 7, 9, 33};

// Exact by IEEE 754.
constexpr double kAddTolerance = 0;
// A few units in the last place each of exp and the quotient.
constexpr double kGluTolerance = 1e-5;
// Sums of up to 576 squares in float, and a reciprocal root.
constexpr double kNormTolerance = 1e-5;
// An angle of some thousand radians in float has lost twelve of its 24 bits; in double, nothing.
constexpr double kRopeTolerance = 2e-3;

std::string Name(const char* what, int64_t rows, int64_t cols) {
  return std::string(what) + " M " + std::to_string(rows) + " K " + std::to_string(cols);
}

Suite AddSuite() {
  Random random(300);
  Suite suite{op::Add<Tensor>::kName, TensorType::kF32, kAddTolerance, {}};
  for (const int rows : kRowCounts) {
    suite.cases.push_back({Name("apart", rows, 577),
                           {Padded(Values(Role::kInput, rows, 577, random)),
                            Values(Role::kInput, rows, 577, random), Padded(Output(rows, 577))},
                           [](const Bind& t) -> OpCall {
                             return op::Add<Tensor>{t(0), t(1), t(2)};
                           }});
    suite.cases.push_back(
        {Name("in place", rows, 64),
         {Padded(Values(Role::kInOut, rows, 64, random)), Values(Role::kInput, rows, 64, random)},
         [](const Bind& t) -> OpCall {
           return op::Add<Tensor>{t(0), t(1), t(0)};
         }});
  }
  return suite;
}

// Gates from -12 to 12: where the activations bend.
Operand Gates(int64_t rows, int64_t cols, Random& random) {
  Operand gates = Values(Role::kInput, rows, cols, random);
  auto* values = reinterpret_cast<float*>(gates.data.data());
  for (int64_t i = 0; i < rows * cols; ++i) values[i] *= 12;
  return gates;
}

Suite GluSuite() {
  Random random(310);
  Suite suite{op::Glu<Tensor>::kName, TensorType::kF32, kGluTolerance, {}};
  for (const Activation activation : {Activation::kSilu, Activation::kGeluTanh}) {
    const char* what = activation == Activation::kSilu ? "silu" : "gelu_tanh";
    for (const int rows : kRowCounts) {
      suite.cases.push_back(
          {Name(what, rows, 133),
           {Padded(Gates(rows, 133, random)), Padded(Values(Role::kInOut, rows, 133, random))},
           [activation](const Bind& t) -> OpCall {
             return op::Glu<Tensor>{t(0), t(1), t(1), activation};
           }});
    }
  }
  return suite;
}

Suite RmsNormSuite() {
  Random random(320);
  Suite suite{op::RmsNorm<Tensor>::kName, TensorType::kF32, kNormTolerance, {}};
  for (const int rows : kRowCounts) {
    for (const auto& [runs, width] : {std::pair<int64_t, int64_t>(1, 576), {9, 64}, {3, 5}}) {
      suite.cases.push_back(
          {Name("norm", rows, runs * width),
           {Padded(Values(Role::kInput, rows, runs * width, random)),
            Values(Role::kVector, 1, width, random), Padded(Output(rows, runs * width))},
           [](const Bind& t) -> OpCall {
             return op::RmsNorm<Tensor>{t(0), t(1), t(2), 1e-6f};
           }});
    }
  }
  return suite;
}

struct RopeShape {
  int heads, head_dim, rotated;
  bool factors;
};

Case RopeCase(RopeStyle style, const RopeShape& shape, int rows, Random& random) {
  std::vector<int32_t> positions;
  for (int m = 0; m < rows; ++m) positions.push_back(static_cast<int32_t>(random.Next() % 4096));
  positions[0] = 0;
  Operand factors = Values(Role::kVector, 1, shape.rotated / 2, random);
  auto* values = reinterpret_cast<float*>(factors.data.data());
  for (int i = 0; i < shape.rotated / 2; ++i) values[i] = 2 + values[i];
  Case out;
  out.name = Name(style == RopeStyle::kNeox ? "neox" : "interleaved", rows, shape.head_dim);
  out.operands = {Padded(Values(Role::kInOut, rows, int64_t{shape.heads} * shape.head_dim, random)),
                  Indices(positions), std::move(factors)};
  out.call = [style, shape](const Bind& t) -> OpCall {
    op::Rope<Tensor> call{t(0), t(1), shape.factors ? t(2) : Tensor()};
    call.head_dim = shape.head_dim;
    call.rotated = shape.rotated;
    call.base = 10000.0f;
    call.frequency_scale = 0.5f;
    call.style = style;
    return call;
  };
  return out;
}

Suite RopeSuite() {
  Random random(330);
  Suite suite{op::Rope<Tensor>::kName, TensorType::kF32, kRopeTolerance, {}};
  for (const RopeStyle style : {RopeStyle::kNeox, RopeStyle::kInterleaved}) {
    for (const RopeShape& shape :
         {RopeShape{9, 64, 64, false}, {2, 128, 128, true}, {3, 80, 20, false}, {1, 6, 6, false}}) {
      for (const int rows : {1, 7, 33}) {
        suite.cases.push_back(RopeCase(style, shape, rows, random));
      }
    }
  }
  return suite;
}

}  // namespace

std::vector<Suite> RowSuites() { return {AddSuite(), GluSuite(), RmsNormSuite(), RopeSuite()}; }

}  // namespace motley::conformance
