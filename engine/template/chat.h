#pragma once
// From an OpenAI chat request to the text a model reads, with what users wrote kept apart from what
// the template wrote. Pure functions and immutable data besides the renderer: any thread. Strings
// are UTF-8.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/template/renderer.h"
#include "engine/template/special_texts.h"
#include "engine/tokenizer/tokenizer.h"

namespace motley {

// What a template makes of the forms a conversation can have.
struct ChatStyle {
  enum class Content {
    kText,
    kParts
  };  // a message's content: a string, or [{"type":"text","text":...}]
  enum class Developer {
    kIsSystem,
    kKnown
  };  // the role "developer" is told to the template as "system", or as it is
  enum class Arguments { kObject, kJsonText };  // of a tool call
  Content content = Content::kText;
  Developer developer = Developer::kIsSystem;
  Arguments arguments = Arguments::kObject;
};

// Found by rendering a few probes with `renderer`, which runs `source`; once per model. A template
// that fails on every form of a probe gets the default.
ChatStyle InspectTemplate(TemplateRenderer& renderer, const std::string& source);

// The texts of the model's own tokens, which templates name.
struct ChatTokens {
  std::string bos, eos;
};

// The variables of one rendering, from the body of a chat request (read it with ParseOrderedJson of
// ordered_json.h, so that tools keep the order of their keys): messages brought to `style`, tools
// (unless tool_choice is "none"), documents, reasoning_effort, add_generation_prompt (default
// true), chat_template_kwargs, the tokens. What transformers passes as None is null. Null content
// is "", text parts become one string joined by newlines, arguments that are no JSON object stay
// text. Errors: InvalidArgument with the field ("messages[2].role"); Unsupported for parts that are
// no text.
Result<nlohmann::ordered_json> ChatVariables(const nlohmann::ordered_json& request,
                                             const ChatStyle& style, const ChatTokens& tokens);

// A piece of a rendered conversation and how the tokenizer is to read it.
struct Segment {
  std::string text;
  Specials specials = Specials::kParse;
};

// Renders so that no user's text makes a special token: what a user wrote that is one, or would
// become one together with what stands beside it, is read as plain text. `variables` as
// ChatVariables makes them: every string and key is a user's but the roles and the top-level
// "*_token". Joined, the segments are the rendered text, byte for byte.
//
// Tokens are Encode(segment.text, segment.specials, Bos::kNone) one after the other (with
// Bos::kAsModel for the first where the template does not write the beginning token). A kText
// segment always reaches from one special token of the template to the next, where tokenizers split
// anyway: its tokens are those of contiguous plain text.
//
// How: only when a string holds a special text, or begins or ends with a part of one, it is marked
// with two private-use characters absent from the request, taken out again after rendering (as
// themselves or as \uXXXX, which Python's repr and JSON may make of them). Ordinary requests are
// rendered untouched. Not covered: a template that deletes or changes the case of characters inside
// a user's text. Errors: those of Render; InvalidArgument when the request uses up the 6,400
// private-use characters.
Result<std::vector<Segment>> RenderChatSegments(TemplateRenderer& renderer,
                                                const nlohmann::ordered_json& variables,
                                                const SpecialTexts& specials);

}  // namespace motley
