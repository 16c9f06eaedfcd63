#pragma once
// y = act(gate) * up (op::Glu).
// silu(x) = x / (1 + exp(-x)); gelu_tanh(x) = x / (1 + exp(-2u)) with u = sqrt(2/pi) * (x +
// 0.044715 x^3), which equals 0.5 x (1 + tanh(u)) (Hendrycks and Gimpel, 2016). Vector levels: exp
// within 2 units in the last place.

#include "kernels/registry.h"

namespace motley {

CpuKernel<op::Glu> GluKernel(CpuLevel level);

void GluRef(const op::Glu<Tensor>& call, Team& team);
void GluAvx2(const op::Glu<Tensor>& call, Team& team);
void GluAvx512(const op::Glu<Tensor>& call, Team& team);

inline constexpr float kGeluCubic = 0.044715f;
inline constexpr float kGeluTwiceScale = 1.5957691216057308f;  // 2 sqrt(2 / pi)

}  // namespace motley
