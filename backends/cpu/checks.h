#pragma once
// The preconditions of the CPU kernels. Pure; any thread.

#include "base/result.h"
#include "kernels/op.h"

namespace motley {

// Types and shapes, handles may be null: Unsupported with the operand, what it is and what it
// should be.
Status CheckShapes(const OpCall& call);

// What the kernels follow blindly: that operands have memory and that ids, slots, sequences,
// positions and block numbers point inside their tables. InvalidArgument names the first that does
// not.
Status CheckData(const OpCall& call);

}  // namespace motley
