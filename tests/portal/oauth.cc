#include "tests/portal/oauth.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/impl.h"
#include "tests/portal/method.h"
#include "tests/portal/text.h"

namespace b24::sim {
namespace {

constexpr std::string_view kTokenMethod = "oauth/token";  // as faults name it
constexpr Unix kCodeLife = 30;

std::string mint(World& world, std::string_view kind) {
  OAuth& oauth = world.oauth;
  std::string token = fmt::format("{}{:04}x{}", kind, ++oauth.serial, world.options.seed);
  // As long as theirs, and of no word that stands elsewhere.
  std::uint64_t state = oauth.serial * 0x9E3779B97F4A7C15ULL + world.options.seed;
  while (token.size() < 32) {
    state ^= state >> 29U;
    state *= 0xBF58476D1CE4E5B9ULL;
    token += static_cast<char>('a' + (state >> 33U) % 26);
  }
  oauth.issued.push_back(token);
  return token;
}

HttpReply token_error(World& world, int status, std::string_view code, std::string_view words) {
  ++world.counters.refusals[std::string{code}];
  HttpReply reply;
  reply.status = status;
  reply.body = R"({"error":)" + quote(code);
  if (!words.empty()) reply.body += R"(,"error_description":)" + quote(words);
  reply.body += '}';
  return reply;
}

std::string base_of(const World& world) {
  return (world.options.tls_certificate.empty() ? "http://" : "https://") + world.domain;
}

HttpReply tokens(World& world) {
  const IssuedTokens issued = issue_tokens(world);
  HttpReply reply;
  reply.body = Json{{"access_token", issued.access},
                    {"client_endpoint", base_of(world) + "/rest/"},
                    {"domain", world.domain},
                    {"expires", world.now() + world.options.application.token_life},
                    {"expires_in", world.options.application.token_life},
                    {"member_id", kMemberId},
                    {"refresh_token", issued.refresh},
                    {"scope", "crm,task"},
                    {"server_endpoint", base_of(world) + "/rest/"},
                    {"status", "L"},
                    {"user_id", world.owner}}
                   .dump();
  return reply;
}

HttpReply grant(World& world, const Json& params) {
  const auto word = [&](const char* name) { return to_text(param(params, name)); };
  const ApplicationOptions& app = world.options.application;
  OAuth& oauth = world.oauth;
  if (word("client_id") != app.client_id) return token_error(world, 200, "wrong_client", "");
  if (word("client_secret") != app.client_secret)
    return token_error(world, 400, "invalid_client", "");
  if (!oauth.installed) {
    return token_error(world, 401, "NOT_INSTALLED", "Application not installed");
  }
  if (word("grant_type") == "refresh_token") {
    if (word("refresh_token").empty()) {
      return token_error(world, 400, "invalid_request", "No \"refresh_token\" parameter found");
    }
    if (oauth.refresh.erase(word("refresh_token")) == 0) {
      return token_error(world, 400, "invalid_grant", "");
    }
    ++oauth.renewals;
    return tokens(world);
  }
  const auto code = oauth.codes.find(word("code"));
  if (word("grant_type") != "authorization_code") {
    return token_error(world, 400, "invalid_request", "");
  }
  if (code == oauth.codes.end() || code->second <= world.now()) {
    return token_error(world, 400, "invalid_grant", "");
  }
  oauth.codes.erase(code);
  return tokens(world);
}

}  // namespace

IssuedTokens issue_tokens(World& world) {
  IssuedTokens issued{mint(world, "acc"), mint(world, "ref")};
  world.oauth.access[issued.access] = world.now() + world.options.application.token_life;
  world.oauth.refresh.insert(issued.refresh);
  return issued;
}

HttpReply handle_oauth(World& world, const HttpRequest& request) {
  const std::size_t question = request.target.find('?');
  Json params =
      parse_form(question == std::string::npos ? "" : request.target.substr(question + 1));
  const Json posted = parse_form(request.body);
  for (const auto& [name, value] : posted.items()) params[name] = value;
  world.requests.push_back({std::string{kTokenMethod}, ""});
  const auto fault = world.faults.take_request({std::string{kTokenMethod}}, request.body);
  if (fault && fault->strikes == Strikes::before) {
    HttpReply reply = token_error(world, 500, "INTERNAL_SERVER_ERROR", "");
    if (fault->kind == FaultKind::reset) reply.end = HttpReply::End::reset;
    if (fault->kind == FaultKind::html || fault->kind == FaultKind::bad_gateway) {
      reply.status = fault->kind == FaultKind::html ? 200 : 502;
      reply.body = "<html></html>";
    }
    if (fault->kind != FaultKind::slow) return reply;
  }
  if (const auto error = world.faults.take(FaultKind::error, kTokenMethod)) {
    return token_error(world, error->status, error->detail, "Planted error");
  }
  HttpReply reply = grant(world, params);
  if (fault && fault->kind == FaultKind::reset) reply.end = HttpReply::End::reset;
  if (fault && fault->kind == FaultKind::slow) reply.delay = fault->delay;
  return reply;
}

std::string installation_body(World& world) {
  world.oauth.installed = true;
  world.oauth.application_token = mint(world, "app");
  const IssuedTokens issued = issue_tokens(world);
  const std::pair<std::string_view, std::string> fields[] = {
      {"event", "ONAPPINSTALL"},
      {"data[VERSION]", "1"},
      {"data[ACTIVE]", "Y"},
      {"data[INSTALLED]", "Y"},
      {"data[LANGUAGE_ID]", "ru"},
      {"ts", std::to_string(world.now())},
      {"auth[domain]", world.domain},
      {"auth[scope]", "crm,task"},
      {"auth[access_token]", issued.access},
      {"auth[refresh_token]", issued.refresh},
      {"auth[expires_in]", std::to_string(world.options.application.token_life)},
      {"auth[server_endpoint]", base_of(world) + "/rest/"},
      {"auth[status]", "L"},
      {"auth[client_endpoint]", base_of(world) + "/rest/"},
      {"auth[member_id]", std::string{kMemberId}},
      {"auth[application_token]", world.oauth.application_token}};
  std::string body;
  for (const auto& [name, value] : fields) {
    body += fmt::format("{}{}={}", body.empty() ? "" : "&", name, value);
  }
  return encode_brackets(body);
}

std::string issue_code(World& world) {
  world.oauth.installed = true;
  std::string code = mint(world, "cod");
  world.oauth.codes[code] = world.now() + kCodeLife;
  return code;
}

std::optional<Problem> refusal_of(World& world, const std::string& token) {
  const auto found = world.oauth.access.find(token);
  if (token.empty()) return Problem{401, "NO_AUTH_FOUND", "Wrong authorization data", false};
  if (!world.oauth.installed || found == world.oauth.access.end()) {
    return Problem{401, "invalid_token", "Unable to get application by token", false};
  }
  if (found->second <= world.now()) {
    return Problem{401, "expired_token", "The access token provided has expired.", false};
  }
  return std::nullopt;
}

}  // namespace b24::sim
