#pragma once
// Reading an object of one of our JSON files: every error names the key by its whole path
// ("devices[2].links[0].from") and the limit it broke. null means unknown and reads as absent; keys
// that nobody asks for are ignored. Owns nothing: the json must outlive the reader. Any thread.
// Errors: InvalidArgument.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace motley {

class JsonFields {
 public:
  // `path` is put before the names of keys: "" for the whole document.
  static Result<JsonFields> Of(const nlohmann::json& object, std::string path);
  // "schema" must be "motley.WHAT/N" with 1 <= N <= major.
  Status CheckSchema(std::string_view what, int major) const;

  bool Has(const char* key) const;
  std::string Path(std::string_view key) const;

  // Numbers are finite and at least 0; Positive is over 0. The *Or forms are for keys that may be
  // absent.
  Result<double> Number(const char* key) const;
  Result<double> NumberOr(const char* key, double fallback) const;
  Result<double> Positive(const char* key) const;
  Result<int> Integer(const char* key) const;  // 0..2^31-1
  Result<int> IntegerOr(const char* key, int fallback) const;
  Result<std::string> Text(const char* key) const;  // not empty
  Result<std::string> TextOr(const char* key, std::string fallback) const;
  Result<JsonFields> Object(const char* key) const;
  Result<std::vector<JsonFields>> Objects(const char* key) const;    // an array of objects
  Result<std::vector<JsonFields>> ObjectsOr(const char* key) const;  // absent: none
  Result<std::vector<double>> Numbers(const char* key) const;
  // An array of arrays of two numbers.
  Result<std::vector<std::pair<double, double>>> Pairs(const char* key) const;
  // The value of a key that is not absent, for what the readers above do not cover.
  const nlohmann::json* Find(const char* key) const;

 private:
  JsonFields(const nlohmann::json& object, std::string path);
  Result<const nlohmann::json*> Require(const char* key) const;
  const nlohmann::json* object_;
  std::string path_;
};

// A finite number of at least 0, named `path` in the error.
Result<double> ReadNumber(const nlohmann::json& value, const std::string& path);
// The document in `text`; `name` (a path) and the byte offset are named in the error.
Result<nlohmann::json> ParseJson(const std::string& text, const std::string& name);
// `value`, or null when it is not finite: unknown numbers are null in our files.
nlohmann::json NumberOrNull(double value);

}  // namespace motley
