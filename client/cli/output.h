#pragma once
// What every command prints alike: errors, tables, progress. Data goes to stdout, all else to
// stderr.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

enum class Format { kText, kJson };

// "error: cause" and the remedy on stderr; with kJson {"error":{...}} on stdout. Returns the exit
// status.
int ReportError(const Error& error, Format format);

// The same for a service that did not answer: how to start one, exit status 4; a host that is no
// host stays a usage error.
int ReportNoService(Error error, Format format);

// An error when --json and -o `output` ("": not given) ask for two forms.
Status CheckForms(bool json, const std::string& output);

// What has been printed is out, or it is said that it is not (a full disk). `cause`: errno of a
// write that failed before, 0: none. Returns the exit status: `status`, else 1, or that of SIGPIPE
// when nobody reads any more.
int FinishOutput(int status, int cause = 0);

// Text of a driver or a file as a terminal may get it: no control characters, so no line ends and
// no escape sequences; without `utf8` ASCII only.
std::string Plain(std::string_view text, bool utf8);

// Columns as wide as their cells on a terminal (UTF-8 display width); the last one is not padded.
// Cells are made plain.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { Add(std::move(header)); }
  // Right-aligned columns, by index.
  Table& AlignRight(std::vector<size_t> columns);
  // The column that gives way where the table is wider than it may be.
  Table& Elastic(size_t column);
  void Add(std::vector<std::string> row);
  // `width`: of the screen in characters, 0: any.
  std::string Text(size_t width = 0) const;
  std::string Markdown() const;

 private:
  bool IsRight(size_t column) const;
  std::vector<size_t> Widths(size_t width) const;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> right_;
  size_t elastic_ = SIZE_MAX;
};

// A line on stderr that is rewritten in place on a terminal, and else one line for every new tenth.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  void Show(const std::string& what, double part);
  void Clear();

 private:
  const bool terminal_;
  std::string what_;
  int tenth_ = -1;
  bool shown_ = false;
};

// Whether to colour: a terminal or CLICOLOR_FORCE, and no NO_COLOR.
bool UseColor(int fd);

// Characters in a line of the terminal behind `fd`; 0: it is none.
size_t ScreenWidth(int fd);

// Whether the locale's encoding is UTF-8: else only ASCII is drawn.
bool Utf8Locale();

}  // namespace motley
