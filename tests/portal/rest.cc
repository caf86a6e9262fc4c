#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/impl.h"
#include "tests/portal/method.h"
#include "tests/portal/text.h"

// One request to /rest/{user}/{secret}/{method}, or to /rest/{method} with a token: who asks,
// whether he may now, what goes wrong on demand, and the envelope around the method's result
// (portal docs: general-principles.md, limits.md, system-errors.md).

namespace b24::sim {
namespace {

constexpr std::size_t kRequestLines = 200;

struct Target {
  std::int64_t user = 0;
  std::string secret;
  std::string method;
  std::string query;
};

Target split_target(std::string_view target) {
  Target address;
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) address.query = target.substr(question + 1);
  std::string_view path = target.substr(0, question);
  path.remove_prefix(std::string_view{"/rest/"}.size());
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  const std::size_t first = path.find('/');
  const std::size_t second = first == std::string_view::npos ? first : path.find('/', first + 1);
  if (second == std::string_view::npos) {
    address.method = path;
    return address;
  }
  address.user = php_int(path.substr(0, first));
  address.secret = path.substr(first + 1, second - first - 1);
  address.method = path.substr(second + 1);
  if (address.method.ends_with(".json")) address.method.resize(address.method.size() - 5);
  return address;
}

Json read_params(const Target& address, const HttpRequest& request, bool& malformed) {
  Json params = parse_form(address.query);
  const bool json = request.content_type.find("json") != std::string::npos;
  Json body;
  if (json && !request.body.empty()) {
    body = Json::parse(request.body, nullptr, false);
    malformed = body.is_discarded();
  } else if (!json) {
    body = parse_form(request.body);
  }
  if (body.is_array()) return body;
  if (!body.is_object()) return params;
  for (auto& [name, value] : body.items()) params[name] = std::move(value);
  return params;
}

HttpReply error_reply(World& world, const Problem& problem) {
  ++world.counters.refusals[problem.code];
  HttpReply reply;
  reply.status = problem.status;
  reply.body = "{";
  write_problem(reply.body, problem);
  reply.body += '}';
  return reply;
}

// The names of the methods a request calls, those inside a batch included.
std::vector<std::string> called_methods(const std::string& method, const Json& params) {
  std::vector<std::string> names = {method};
  if (method != "batch") return names;
  for (const auto& command : param(params, "cmd")) {
    const std::string text = to_text(command);
    names.push_back(text.substr(0, text.find('?')));
  }
  return names;
}

HttpReply call_method(World& world, const std::string& method, const Json& params, double started) {
  Outcome outcome =
      method == "batch" ? run_batch(world, params) : run_method(world, method, params);
  if (outcome.problem) return error_reply(world, *outcome.problem);
  HttpReply reply;
  reply.body.reserve(outcome.result.size() + 600);
  reply.body = R"({"result":)";
  reply.body += outcome.result;
  if (outcome.next) reply.body += R"(,"next":)" + std::to_string(*outcome.next);
  if (outcome.total) reply.body += R"(,"total":)" + std::to_string(*outcome.total);
  reply.body += ',';
  const Method* known = find_method(method);
  write_time(reply.body, world, known == nullptr ? std::string_view{method} : known->name, started);
  reply.body += '}';
  return reply;
}

// Cuts the JSON in the middle; the HTTP answer itself is whole.
void cut(HttpReply& reply) { reply.body.resize(reply.body.size() / 2); }

// Puts bytes that are no UTF-8 into the first text in Russian. Keys, numbers and times are the
// portal's own, and never broken.
void spoil(HttpReply& reply) {
  const std::size_t at = reply.body.find("\\u04");
  if (at != std::string::npos) reply.body.replace(at, 6, "\xC3\x28\xFF");
}

HttpReply page(int status, std::string_view title) {
  HttpReply reply;
  reply.status = status;
  reply.content_type = "text/html; charset=utf-8";
  reply.body =
      fmt::format("<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>", title);
  return reply;
}

// The answer that a fault puts in place of the good one.
HttpReply faulty(World& world, const Fault& fault, const Target& address, HttpReply good) {
  switch (fault.kind) {
    case FaultKind::query_limit:
      return error_reply(world, {503, "QUERY_LIMIT_EXCEEDED", "Too many requests", false});
    case FaultKind::server_error:
      return error_reply(world, {500, "INTERNAL_SERVER_ERROR", "Internal server error", false});
    case FaultKind::invalid_credentials:
      return error_reply(world, {401, "INVALID_CREDENTIALS", "Invalid request credentials", false});
    case FaultKind::bad_gateway:
      return page(502, "502 Bad Gateway");
    case FaultKind::html:
      return page(200, "Битрикс24");
    case FaultKind::empty:
      good.body.clear();
      return good;
    case FaultKind::truncated:
      good.end = HttpReply::End::truncated;
      return good;
    case FaultKind::cut_json:
      cut(good);
      return good;
    case FaultKind::not_utf8:
      spoil(good);
      return good;
    case FaultKind::slow:
      good.delay = fault.delay;
      return good;
    case FaultKind::reset:
      good.end = HttpReply::End::reset;
      return good;
    case FaultKind::redirect: {
      HttpReply reply = page(302, "302 Found");
      reply.location = address.secret.empty()
                           ? fmt::format("{}/rest/{}", fault.detail, address.method)
                           : fmt::format("{}/rest/{}/{}/{}", fault.detail, address.user,
                                         address.secret, address.method);
      return reply;
    }
    default:
      return good;
  }
}

// Faults of these kinds need the real answer to spoil; the others come instead of the call unless
// they are to strike after it.
bool needs_answer(const Fault& fault) {
  return fault.strikes == Strikes::after || fault.kind == FaultKind::truncated ||
         fault.kind == FaultKind::cut_json || fault.kind == FaultKind::not_utf8 ||
         fault.kind == FaultKind::slow;
}

bool admit(World& world, const HttpRequest& request) {
  if (!world.options.limits.enabled) return true;
  return world.buckets[request.source].admit(world.options.limits, world.steady_now());
}

}  // namespace

HttpReply handle_rest(World& world, const HttpRequest& request) {
  ++world.counters.requests;
  const double started = seconds_now(world);
  const Target address = split_target(request.target);
  world.requests.push_back({address.method, request.body});
  if (world.requests.size() > kRequestLines) world.requests.pop_front();
  if (!admit(world, request)) {
    return error_reply(world, {503, "QUERY_LIMIT_EXCEEDED", "Too many requests", false});
  }
  world.oauth.asks = address.secret.empty();
  const bool known = address.user == world.owner && address.secret == world.options.secret;
  if (!world.oauth.asks && !known) {
    return error_reply(world, {401, "INVALID_CREDENTIALS", "Invalid request credentials", false});
  }
  bool malformed = false;
  Json params = read_params(address, request, malformed);
  if (malformed) {
    return error_reply(world, {400, "INVALID_REQUEST", "Malformed JSON", false});
  }
  if (world.oauth.asks) {
    const std::string token = to_text(param(params, "auth"));
    if (const auto refused = refusal_of(world, token)) return error_reply(world, *refused);
    params.erase("auth");
  }
  const auto fault =
      world.faults.take_request(called_methods(address.method, params), request.body);
  HttpReply reply;
  if (!fault || needs_answer(*fault)) {
    reply = call_method(world, address.method, params, started);
  }
  return fault ? faulty(world, *fault, address, std::move(reply)) : reply;
}

}  // namespace b24::sim
