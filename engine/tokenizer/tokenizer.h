#pragma once
// Text to token ids and back, read from a GGUF's metadata. Immutable after Load: any thread.
// Errors of Load: Unsupported (tokenizer.ggml.model or .pre unknown: named, with the list of the
// known), InvalidArgument.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/gguf/manifest.h"

namespace motley {

enum class Specials {
  kText,   // "<|im_end|>" in the text is nine characters: what a user says can never make a special
           // token
  kParse,  // special tokens in the text become their ids
};
enum class Bos {
  kAsModel,  // beginning (and end, where the model says so) tokens as the GGUF's add_bos_token /
             // add_eos_token say
  kNone,
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  static Result<std::unique_ptr<Tokenizer>> Load(const Manifest& manifest);

  // Any bytes are accepted; linear in their number.
  virtual std::vector<int32_t> Encode(std::string_view text, Specials specials, Bos bos) const = 0;
  // The bytes of one token; special tokens give their text only with kParse, else nothing. Out of
  // range: nothing.
  virtual std::string Piece(int32_t token, Specials specials) const = 0;
  // Whole sequences: as Piece, joined, less the space that SPM puts before the first word when
  // `Encode` added it.
  virtual std::string Decode(const std::vector<int32_t>& tokens, Specials specials) const = 0;

  virtual int size() const = 0;     // vocabulary
  virtual int32_t bos() const = 0;  // -1: none
  virtual int32_t eos() const = 0;
  virtual const std::vector<int32_t>& end_tokens()
      const = 0;  // eos, eot, eom and the like: any of them ends a reply
  virtual bool IsSpecial(int32_t token) const = 0;
  virtual bool adds_bos() const = 0;
};

// Pieces to valid UTF-8 while streaming: bytes of a character that is not complete yet are held
// back; bytes that can never become one are given as U+FFFD.
class Utf8Stream {
 public:
  std::string Push(std::string_view bytes);
  std::string Finish();

 private:
  std::string held_;
};

}  // namespace motley
