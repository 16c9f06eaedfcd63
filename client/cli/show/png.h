#pragma once
// Pictures as PNG, and in the colours that are asked for. Any thread.

#include <string>

#include "base/result.h"

namespace motley {

// kOfViewer: light or dark as whoever shows the picture is set.
enum class Theme { kOfViewer, kLight, kDark };

// An SVG that has its dark colours in an @media rule, with one theme's colours only.
std::string InTheme(std::string svg, Theme theme);

// Draws an SVG with librsvg's program, which knows no @media. Errors: Unavailable (that is not
// installed), and those of writing beside `path`.
Status WritePng(const std::string& svg, const std::string& path);

}  // namespace motley
