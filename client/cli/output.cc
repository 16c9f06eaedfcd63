#include "client/cli/output.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>
#include <cerrno>
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
constexpr int kUnreachable = 4;              // exit status
constexpr size_t kBetween = 2, kLeast = 12;  // characters between columns, of an elastic one

// The character at the front of `text`, taken off; -1 for a byte that begins none.
utf8proc_int32_t TakeCharacter(std::string_view* text) {
  utf8proc_int32_t point = 0;
  const auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text->data()),
                                  static_cast<utf8proc_ssize_t>(text->size()), &point);
  text->remove_prefix(n > 0 ? static_cast<size_t>(n) : 1);
  return n > 0 ? point : -1;
}

size_t WidthOf(utf8proc_int32_t point) {
  return point < 0 ? 1 : static_cast<size_t>(std::max(0, utf8proc_charwidth(point)));
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) width += WidthOf(TakeCharacter(&text));
  return width;
}

// At most `width` wide, with a mark where something is gone.
std::string CutTo(const std::string& text, size_t width) {
  if (DisplayWidth(text) <= width) return text;
  std::string_view rest = text;
  for (size_t used = 0; !rest.empty();) {
    std::string_view next = rest;
    used += WidthOf(TakeCharacter(&next));
    if (used + 1 > width) break;
    rest = next;
  }
  return text.substr(0, text.size() - rest.size()) + "~";
}

// A message of several lines keeps them.
std::string PlainLines(const std::string& text, bool utf8) {
  std::string out;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    out += (at > 0 ? "\n" : "") + Plain(std::string_view(text).substr(at, end - at), utf8);
    at = end + 1;
  }
  return out;
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
  const bool color = UseColor(STDERR_FILENO), utf8 = Utf8Locale();
  const std::string field =
      error.field.empty() || error.message.find(error.field) != std::string::npos
          ? ""
          : error.field + ": ";
  fmt::print(stderr, "{}error{}: {}{}\n", color ? "\033[31m" : "", color ? "\033[0m" : "", field,
             PlainLines(error.message, utf8));
  if (!error.remedy.empty()) fmt::print(stderr, "  fix: {}\n", PlainLines(error.remedy, utf8));
  return ExitCode(error);
}

int ReportNoService(Error error, Format format) {
  if (error.code == Code::kInvalidArgument) return ReportError(error, format);
  error.remedy = "start one: motley serve MODEL.gguf; or name it: --host, $MOTLEY_HOST";
  ReportError(error, format);
  return kUnreachable;
}

Status CheckForms(bool json, const std::string& output) {
  if (!json || output.empty() || output == "json") return {};
  return Error::Invalid("output", "--json and -o " + output + " ask for two forms at once");
}

int FinishOutput(int status, int cause) {
  const bool flushed = std::fflush(stdout) == 0;
  if (cause == 0 && !flushed) cause = errno;
  if (flushed && cause == 0 && !std::ferror(stdout)) return status;
  pollfd out{STDOUT_FILENO, POLLOUT, 0};  // not every writer kept its errno
  const bool nobody_reads = poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
  if (cause == EPIPE || nobody_reads) return 128 + SIGPIPE;
  const std::string why = cause == 0 ? "" : std::string(": ") + std::strerror(cause);
  return ReportError(Error::Internal("not all of the output could be written" + why),
                     Format::kText);
}

std::string Plain(std::string_view text, bool utf8) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const utf8proc_int32_t point = TakeCharacter(&text);
    if (point >= 0 && (point < 0x20 || (point >= 0x7f && point < 0xa0))) {
      out += ' ';
    } else if (point < 0 || (point >= 0x80 && !utf8)) {
      out += '?';
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

void Table::Add(std::vector<std::string> row) {
  const bool utf8 = Utf8Locale();
  for (std::string& cell : row) cell = Plain(cell, utf8);
  rows_.push_back(std::move(row));
}

Table& Table::Elastic(size_t column) {
  elastic_ = column;
  return *this;
}

Table& Table::AlignRight(std::vector<size_t> columns) {
  right_ = std::move(columns);
  return *this;
}

bool Table::IsRight(size_t column) const {
  return std::ranges::find(right_, column) != right_.end();
}

std::vector<size_t> Table::Widths(size_t width) const {
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  size_t all = kBetween * (widths.size() - 1);
  for (const size_t one : widths) all += one;
  if (width == 0 || all <= width || elastic_ >= widths.size()) return widths;
  size_t& elastic = widths[elastic_];
  const size_t excess = all - width;
  elastic = std::min(elastic, elastic > excess + kLeast ? elastic - excess : kLeast);
  return widths;
}

std::string Table::Text(size_t width) const {
  const std::vector<size_t> widths = Widths(width);
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string cell = CutTo(row[i], widths[i]);
      const std::string pad(widths[i] - DisplayWidth(cell), ' ');
      if (i > 0) line += std::string(kBetween, ' ');
      line += IsRight(i) ? pad + cell : cell + pad;
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string Table::Markdown() const {
  std::string out;
  for (size_t r = 0; r < rows_.size(); ++r) {
    out += "|";
    for (const std::string& cell : rows_[r]) {
      out += " ";
      for (const char c : cell) out += c == '|' ? std::string("\\|") : std::string(1, c);
      out += " |";
    }
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

size_t ScreenWidth(int fd) {
  winsize size{};
  return isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool Utf8Locale() { return std::string_view(nl_langinfo(CODESET)) == "UTF-8"; }

}  // namespace motley
