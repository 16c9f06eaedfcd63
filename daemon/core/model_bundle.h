#pragma once
// What motleyd itself holds of a model: vocabulary, template, graph. No weights. Immutable after
// Load but for the renderer, which is thread-safe.

#include <memory>
#include <string>

#include "daemon/service.h"
#include "engine/gguf/manifest.h"
#include "engine/model/graph.h"
#include "engine/template/chat.h"
#include "engine/template/renderer.h"
#include "engine/tokenizer/tokenizer.h"

namespace motley {

struct ModelBundle {
  Manifest manifest;  // without the vocabulary's arrays: the tokenizer has them
  ModelGraph graph;
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<TemplateRenderer> renderer;
  ChatStyle chat_style;
  ChatTokens chat_tokens;
  SpecialTexts special_texts;  // of the vocabulary: never made by a user's words
  ModelCard card;

  static Result<ModelBundle> Load(const std::string& path);
};

}  // namespace motley
