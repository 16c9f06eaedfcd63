#include "client/cli/show/png.h"

#include <cstdio>

#include "base/os.h"

namespace motley {
namespace {

constexpr int kDrawMs = 20'000;

}  // namespace

Status WritePng(const std::string& svg, const std::string& path) {
  const std::string source = path + ".tmp.svg";
  TRY(WriteFileAtomically(source, svg));
  auto child = Spawn({.arguments = {"/usr/bin/rsvg-convert", "-o", path, source}, .quiet = true});
  const auto status = child.ok() ? child->Wait(kDrawMs) : Result<int>(child.error());
  std::remove(source.c_str());
  if (status.ok() && *status == 0) return {};
  return Error::Unavailable("rsvg-convert did not draw " + path)
      .Fix("apt-get install librsvg2-bin, or use -o svg");
}

}  // namespace motley
