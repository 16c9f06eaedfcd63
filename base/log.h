#pragma once
// Structured log lines to stderr (and the journal's priorities when run as a service). spdlog
// behind it. Any thread. Prompts and outputs are never logged above kTrace.

#include <string_view>

namespace motley {

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError };

// What is printed from now on; the default is kInfo, or $MOTLEY_LOG
// (trace|debug|info|warning|error) at first use.
void SetLogLevel(LogLevel level);
// Put before every line: "motleyd", "worker cpu0".
void SetLogName(std::string_view name);

void Log(LogLevel level, std::string_view message);
inline void LogDebug(std::string_view message) { Log(LogLevel::kDebug, message); }
inline void LogInfo(std::string_view message) { Log(LogLevel::kInfo, message); }
inline void LogWarning(std::string_view message) { Log(LogLevel::kWarning, message); }
inline void LogError(std::string_view message) { Log(LogLevel::kError, message); }

}  // namespace motley
