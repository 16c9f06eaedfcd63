#pragma once
// Pictures as PNG.

#include <string>

#include "base/result.h"

namespace motley {

// Draws an SVG with librsvg's program, light. Errors: Unavailable (that is not installed), and
// those of writing beside `path`.
Status WritePng(const std::string& svg, const std::string& path);

}  // namespace motley
