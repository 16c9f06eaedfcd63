#pragma once
// Where a prompt comes from: the command line, what is piped in, lines typed at a terminal.

#include <string>

#include "base/result.h"

namespace motley {

enum class PromptSource { kGiven, kTerminal };

struct PromptInput {
  PromptSource source = PromptSource::kGiven;
  std::string text;  // kGiven
};

// `word` and, when standard input is a pipe or a file, all of that behind it. InvalidArgument when
// there is neither and nobody to ask.
Result<PromptInput> ReadPrompt(const std::string& word);

// A line from the terminal, asked for with "> ". False at its end or when interrupted.
bool AskLine(std::string& line);

}  // namespace motley
