#pragma once
// The answer of the parsing process as bytes: a manifest or an error. Both ends are this program,
// yet the reader trusts nothing: bounds are checked here, layout and meaning by whoever asked
// (load.cc). Private to engine/gguf.
//
// Little-endian, packed. "MGA1", u8 kind.
//   0: u64 file bytes, u32 version, u32 alignment, u32 keys {text key, u8 index in GgufValue,
//   value},
//      u32 tensors {text name, u8 type, u8 dims, i64 dim..., u64 offset, u64 bytes}
//   1: u8 code, text message, text field, text remedy, u8 has offset, u64 offset
// text and arrays: u32 count, then the bytes or elements (8 bytes; booleans 1). Manifest::path does
// not travel.

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/gguf/manifest.h"

namespace motley {

// The most an answer can have: what the metadata may cost in memory, and the frame.
inline constexpr uint64_t kMaxAnswerBytes = 96ull << 20;
// The most memory that decoding takes, whatever the bytes say.
inline constexpr uint64_t kMaxDecodedBytes = 112ull << 20;

std::string EncodeAnswer(const Result<Manifest>& answer);
// The manifest or the error that was sent; or Internal when the bytes are neither.
Result<Manifest> DecodeAnswer(Bytes answer);

}  // namespace motley
