#include "client/cli/show/png.h"

#include <cstdio>

#include "base/os.h"

namespace motley {
namespace {

constexpr int kDrawMs = 20'000;
constexpr std::string_view kDarkRules = "@media (prefers-color-scheme: dark) {";

// Where the block that opens just before `at` ends: its closing brace, or npos.
size_t EndOfBlock(const std::string& text, size_t at) {
  for (int open = 1; at < text.size(); ++at) {
    if (text[at] == '{') ++open;
    if (text[at] == '}' && --open == 0) return at;
  }
  return std::string::npos;
}

}  // namespace

std::string InTheme(std::string svg, Theme theme) {
  const size_t begin = svg.find(kDarkRules);
  if (theme == Theme::kOfViewer || begin == std::string::npos) return svg;
  const size_t inner = begin + kDarkRules.size(), end = EndOfBlock(svg, inner);
  if (end == std::string::npos) return svg;
  const std::string rules = theme == Theme::kDark ? svg.substr(inner, end - inner) : "";
  return svg.replace(begin, end + 1 - begin, rules);
}

Status WritePng(const std::string& svg, const std::string& path) {
  const std::string target = path.starts_with('-') ? "./" + path : path;  // no option of the drawer
  const std::string source = target + ".tmp.svg";
  if (const Status written = WriteFileAtomically(source, svg); !written.ok()) {
    Error error = written.error();
    if (const size_t at = error.message.find(source); at != std::string::npos)
      error.message.replace(at, source.size(), path);
    return error;
  }
  auto child = Spawn({.arguments = {"/usr/bin/rsvg-convert", "-o", target, source}, .quiet = true});
  const auto status = child.ok() ? child->Wait(kDrawMs) : Result<int>(child.error());
  std::remove(source.c_str());
  if (status.ok() && *status == 0) return {};
  return Error::Unavailable("rsvg-convert did not draw " + path)
      .Fix("as root: apt install librsvg2-bin; or use -o svg");
}

}  // namespace motley
