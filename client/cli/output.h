#pragma once
// What every command prints alike: errors, tables, progress. Data goes to stdout, all else to
// stderr.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

enum class Format { kText, kJson };

// "error: cause" and the remedy on stderr; with kJson {"error":{...}} on stdout. Returns the exit
// status.
int ReportError(const Error& error, Format format);

// Columns as wide as their cells on a terminal (UTF-8 display width); the last one is not padded.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  // Right-aligned columns, by index.
  Table& AlignRight(std::vector<size_t> columns);
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string Text() const;
  std::string Markdown() const;

 private:
  bool IsRight(size_t column) const;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> right_;
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

// Whether the locale's encoding is UTF-8: else only ASCII is drawn.
bool Utf8Locale();

}  // namespace motley
