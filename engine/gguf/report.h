#pragma once
// A manifest and an error as JSON: what `motley models check FILE --json` prints. Pure; any thread.
// Every text comes out as valid UTF-8, whatever the file holds, so dump() does not throw.
//
// {"schema":"motley.manifest/1","path","file_bytes","version","alignment","metadata":{key: value},
//  "tensors":[{"name","type","dims":[...],"offset","bytes"}]}; an array of more than 8 elements in
//  the metadata is
// {"count":N,"first":[8 elements]}.
// {"error":{"code","message","field":text|null,"offset":N|null}} and "remedy" where there is one.

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "engine/gguf/manifest.h"

namespace motley {

nlohmann::json ToJson(const Manifest& manifest);
nlohmann::json ErrorToJson(const Error& error);

}  // namespace motley
