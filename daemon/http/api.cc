#include "daemon/http/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "daemon/http/documents.h"
#include "daemon/http/errors.h"
#include "daemon/http/guard.h"
#include "daemon/http/session.h"
#include "daemon/http/text_endpoints.h"
#include "daemon/validate/utf8.h"

namespace motley {
namespace {

constexpr size_t kMaxListedFields = 32;

// Probing devices takes seconds, and one call at a time is enough.
using Probing = std::shared_ptr<std::mutex>;

struct Call {
  Service& service;
  const Probing& probing;
  Clock& clock;
  const HttpRequest& request;
  const std::shared_ptr<Exchange>& exchange;
  std::string_view rest;  // of the path, after a prefix route
};

struct Route {
  const char* method;
  const char* path;                   // ends with "/": every path below it
  Status (*serve)(const Call& call);  // an error is answered as such
};

void Answer200(const Call& call, std::string body, const char* type = "application/json") {
  HttpResponse response;
  response.body = std::move(body);
  response.content_type = type;
  response.headers = CorsHeaders(call.request);
  Reply(call.exchange, std::move(response));
}

// Names of ignored fields, as far as a header can hold them.
std::string IgnoredHeader(const GenerationRequest& request) {
  std::string text;
  size_t listed = 0;
  for (const auto* names : {&request.unknown, &request.without_effect}) {
    for (const std::string& name : *names) {
      const bool plain = !name.empty() && name.size() <= 64 &&
                         std::all_of(name.begin(), name.end(), [](unsigned char c) {
                           return c > ' ' && c < 0x7f && c != ',';
                         });
      if (!plain || listed++ >= kMaxListedFields) continue;
      text += (text.empty() ? "" : ", ") + name;
    }
  }
  return text;
}

Status ServeGeneration(const Call& call, Dialect dialect) {
  PreparedGeneration prepared = TRY(PrepareGeneration(call.service, call.request.body, dialect));
  const GenerationRequest& request = prepared.request;
  if (call.request.Header("x-motley-strict") == "1" && !request.unknown.empty()) {
    const std::string name = Shorten(request.unknown.front(), 64);
    return Error::Invalid(name, fmt::format("unknown field \"{}\" (X-Motley-Strict is 1)", name));
  }
  HttpHeaders headers = CorsHeaders(call.request);
  if (std::string ignored = IgnoredHeader(request); !ignored.empty()) {
    headers.emplace_back("x-motley-ignored", std::move(ignored));
  }
  std::make_shared<GenerationSession>(call.service, call.exchange, std::move(prepared),
                                      call.request, call.clock.WallNs() / 1'000'000'000,
                                      std::move(headers))
      ->Begin();
  return {};
}

Status ServeModel(const Call& call) {
  Answer200(call, ToText(TRY(ModelDocument(call.service, PercentDecode(call.rest)))));
  return {};
}

Status ServeReady(const Call& call) {
  HttpResponse response;
  response.status = IsReady(call.service) ? 200 : 503;
  response.body = ToText(ReadyDocument(call.service));
  response.headers = CorsHeaders(call.request);
  if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
  Reply(call.exchange, std::move(response));
  return {};
}

Status ServeText(const Call& call,
                 Result<nlohmann::ordered_json> (*endpoint)(Service&, const std::string&)) {
  Answer200(call, ToText(TRY(endpoint(call.service, call.request.body))));
  return {};
}

Status ServeDevices(const Call& call) {
  call.exchange->Assist([&service = call.service, probing = call.probing, exchange = call.exchange,
                         cors = CorsHeaders(call.request)] {
    const std::unique_lock lock(*probing, std::try_to_lock);
    HttpResponse response;
    if (lock) {
      response.body = ToText(service.Devices());
    } else {
      response = ErrorResponse(Error::Unavailable("the devices are being probed, try again"));
    }
    response.headers.insert(response.headers.end(), cors.begin(), cors.end());
    Reply(exchange, std::move(response));
  });
  return {};
}

constexpr Route kRoutes[] = {
    {"POST", "/v1/chat/completions",
     [](const Call& call) { return ServeGeneration(call, Dialect::kChat); }},
    {"POST", "/v1/completions",
     [](const Call& call) { return ServeGeneration(call, Dialect::kCompletion); }},
    {"GET", "/v1/models",
     [](const Call& call) -> Status {
       Answer200(call, ToText(ModelsDocument(call.service)));
       return {};
     }},
    {"GET", "/v1/models/", ServeModel},
    {"POST", "/tokenize", [](const Call& call) { return ServeText(call, Tokenize); }},
    {"POST", "/detokenize", [](const Call& call) { return ServeText(call, Detokenize); }},
    {"POST", "/apply-template", [](const Call& call) { return ServeText(call, ApplyTemplate); }},
    {"GET", "/health",
     [](const Call& call) -> Status {
       Answer200(call, R"({"status":"ok"})");
       return {};
     }},
    {"GET", "/ready", ServeReady},
    {"GET", "/version",
     [](const Call& call) -> Status {
       Answer200(call, ToText(VersionDocument()));
       return {};
     }},
    {"GET", "/metrics",
     [](const Call& call) -> Status {
       Answer200(call, call.service.Metrics(), "text/plain; version=0.0.4; charset=utf-8");
       return {};
     }},
    {"GET", "/v1/devices", ServeDevices},
    {"GET", "/v1/plan",
     [](const Call& call) -> Status {
       Answer200(call, ToText(call.service.CurrentPlan()));
       return {};
     }},
    {"GET", "/v1/status",
     [](const Call& call) -> Status {
       Answer200(call, ToText(call.service.Status()));
       return {};
     }},
};

bool Matches(const Route& route, std::string_view path) {
  const std::string_view pattern = route.path;
  if (pattern.ends_with('/')) return path.size() > pattern.size() && path.starts_with(pattern);
  return path == pattern;
}

std::string Allowed(const Route& route) {
  return std::string_view(route.method) == "GET" ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
}

HttpResponse Options(const Route& route, const HttpRequest& request) {
  HttpResponse response;
  response.status = 204;
  response.headers = CorsHeaders(request);
  response.headers.emplace_back("Allow", Allowed(route));
  if (!CorsHeaders(request).empty()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", Allowed(route));
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Content-Type, Authorization, X-Request-Id, X-Motley-Strict");
  }
  return response;
}

void Refuse(const Call& call, HttpResponse response) {
  for (auto& header : CorsHeaders(call.request)) response.headers.push_back(std::move(header));
  Reply(call.exchange, std::move(response));
}

void Serve(const Route& route, const Call& call) {
  const std::string_view method = call.request.method;
  if (method == "OPTIONS") return Reply(call.exchange, Options(route, call.request));
  if (method != route.method && !(method == "HEAD" && std::string_view(route.method) == "GET")) {
    HttpResponse wrong = ProtocolError(
        405, fmt::format("{} does not take {}, only {}", route.path, method, Allowed(route)),
        "method_not_allowed");
    wrong.headers.emplace_back("Allow", Allowed(route));
    return Refuse(call, std::move(wrong));
  }
  const auto served = route.serve(call);
  if (!served.ok()) {
    const bool chat = std::string_view(route.path).find("chat") != std::string_view::npos;
    Refuse(call, ErrorResponse(served.error(), chat ? "messages" : "prompt"));
  }
}

}  // namespace

HttpHandler MakeApi(Service& service, Clock& clock) {
  return [&service, &clock, probing = std::make_shared<std::mutex>()](
             HttpRequest request, std::shared_ptr<Exchange> exchange) {
    if (auto refusal = RefuseForeign(request)) return Reply(exchange, std::move(*refusal));
    Call call{service, probing, clock, request, exchange, {}};
    const std::string_view path = request.path();
    for (const Route& route : kRoutes) {
      if (!Matches(route, path)) continue;
      call.rest = path.substr(std::min(path.size(), std::string_view(route.path).size()));
      return Serve(route, call);
    }
    Refuse(call,
           ProtocolError(404, fmt::format("there is nothing at {}", Shorten(LossyUtf8(path), 100)),
                         "not_found"));
  };
}

Result<std::unique_ptr<HttpServer>> ServeHttp(Service& service, Clock& clock,
                                              const HttpOptions& options) {
  return HttpServer::Start(options, MakeApi(service, clock), clock);
}

}  // namespace motley
