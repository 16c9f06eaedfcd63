#pragma once
// y = a + b (op::Add). Every level gives the same bits.

#include "kernels/registry.h"

namespace motley {

CpuKernel<op::Add> AddKernel(CpuLevel level);

void AddRef(const op::Add<Tensor>& call, Team& team);
void AddAvx2(const op::Add<Tensor>& call, Team& team);
void AddAvx512(const op::Add<Tensor>& call, Team& team);

}  // namespace motley
