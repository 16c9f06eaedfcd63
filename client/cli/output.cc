#include "client/cli/output.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "daemon/app/exit_code.h"
#include "engine/gguf/report.h"

namespace motley {
namespace {

constexpr int kBar = 20;

size_t DisplayWidth(const std::string& text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  size_t width = 0;
  while (left > 0) {
    utf8proc_int32_t point = 0;
    const auto n = utf8proc_iterate(bytes, left, &point);
    if (n <= 0) {
      ++width, ++bytes, --left;
      continue;
    }
    width += static_cast<size_t>(std::max(0, utf8proc_charwidth(point)));
    bytes += n;
    left -= n;
  }
  return width;
}

}  // namespace

bool UseColor(int fd) {
  const char *no = std::getenv("NO_COLOR"), *force = std::getenv("CLICOLOR_FORCE");
  if (no && *no) return false;
  return isatty(fd) || (force && *force && std::string_view(force) != "0");
}

int ReportError(const Error& error, Format format) {
  if (format == Format::kJson) {
    std::puts(ErrorToJson(error).dump().c_str());
    return ExitCode(error);
  }
  const bool color = UseColor(STDERR_FILENO);
  const std::string field =
      error.field.empty() || error.message.find(error.field) != std::string::npos
          ? ""
          : error.field + ": ";
  fmt::print(stderr, "{}error{}: {}{}\n", color ? "\033[31m" : "", color ? "\033[0m" : "", field,
             error.message);
  if (!error.remedy.empty()) fmt::print(stderr, "  fix: {}\n", error.remedy);
  return ExitCode(error);
}

Table& Table::AlignRight(std::vector<size_t> columns) {
  right_ = std::move(columns);
  return *this;
}

bool Table::IsRight(size_t column) const {
  return std::ranges::find(right_, column) != right_.end();
}

std::string Table::Text() const {
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - DisplayWidth(row[i]), ' ');
      if (i > 0) line += "  ";
      line += IsRight(i) ? pad + row[i] : row[i] + pad;
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string Table::Markdown() const {
  std::string out;
  for (size_t r = 0; r < rows_.size(); ++r) {
    out += "|";
    for (const std::string& cell : rows_[r]) out += " " + cell + " |";
    out += "\n";
    if (r > 0) continue;
    out += "|";
    for (size_t i = 0; i < rows_[0].size(); ++i) out += IsRight(i) ? " ---: |" : " --- |";
    out += "\n";
  }
  return out;
}

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO)) {}
ProgressLine::~ProgressLine() { Clear(); }

void ProgressLine::Clear() {
  if (shown_ && terminal_) fmt::print(stderr, "\r\033[K");
  shown_ = false;
}

void ProgressLine::Show(const std::string& what, double part) {
  const double bounded = std::clamp(part, 0.0, 1.0);
  if (terminal_) {
    const int full = static_cast<int>(bounded * kBar);
    fmt::print(stderr, "\r\033[K{:<20} [{}{}] {:3.0f}%", what,
               std::string(static_cast<size_t>(full), '#'),
               std::string(static_cast<size_t>(kBar - full), '-'), bounded * 100);
    std::fflush(stderr);
    shown_ = true;
    return;
  }
  const int tenth = static_cast<int>(bounded * 10);
  if (what == what_ && tenth <= tenth_) return;
  if (what != what_ || tenth >= tenth_ + 5 || tenth == 10)
    fmt::print(stderr, "{} {:.0f}%\n", what, bounded * 100);
  what_ = what;
  tenth_ = tenth;
}

bool Utf8Locale() { return std::string_view(nl_langinfo(CODESET)) == "UTF-8"; }

}  // namespace motley
