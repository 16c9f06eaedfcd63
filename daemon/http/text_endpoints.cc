#include "daemon/http/text_endpoints.h"

#include "daemon/http/errors.h"
#include "daemon/validate/body.h"
#include "daemon/validate/prompts.h"
#include "daemon/validate/utf8.h"
#include "engine/template/ordered_json.h"

namespace motley {
namespace {

using Json = nlohmann::ordered_json;

Result<const Tokenizer*> TokenizerOf(const Service& service) {
  if (const Tokenizer* tokenizer = service.tokenizer()) return tokenizer;
  Error error = Error::Unavailable("the model's vocabulary is not loaded yet");
  error.field = kLoadingField;
  return error;
}

Json PieceJson(const std::string& piece) {
  if (InvalidUtf8At(piece) == piece.npos) return piece;
  Json bytes = Json::array();
  for (const char c : piece) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

}  // namespace

Result<Json> Tokenize(Service& service, const std::string& text) {
  const Tokenizer& tokenizer = *TRY(TokenizerOf(service));
  const TokenizeRequest request = TRY(ValidateTokenize(TRY(ParseBodyObject(text))));
  const auto ids =
      tokenizer.Encode(request.content, request.parse_special ? Specials::kParse : Specials::kText,
                       request.add_special ? Bos::kAsModel : Bos::kNone);
  if (!request.with_pieces) return Json{{"tokens", ids}};
  Json tokens = Json::array();
  for (const int32_t id : ids) {
    tokens.push_back({{"id", id}, {"piece", PieceJson(tokenizer.Piece(id, Specials::kParse))}});
  }
  return Json{{"tokens", std::move(tokens)}};
}

Result<Json> Detokenize(Service& service, const std::string& text) {
  const Tokenizer& tokenizer = *TRY(TokenizerOf(service));
  const auto ids = TRY(ValidateDetokenize(TRY(ParseBodyObject(text)), tokenizer.size()));
  return Json{{"content", LossyUtf8(tokenizer.Decode(ids, Specials::kParse))}};
}

Result<Json> ApplyTemplate(Service& service, const std::string& text) {
  const Tokenizer& tokenizer = *TRY(TokenizerOf(service));
  // Only what the template sees matters here; the context bounds nothing yet.
  TRY(ValidateGeneration(TRY(ParseBodyObject(text)), Dialect::kChat,
                         {.context_tokens = 1 << 30, .vocabulary = tokenizer.size()}));
  return Json{{"prompt", TRY(service.RenderChat(TRY(ParseOrderedJson(text))))}};
}

}  // namespace motley
