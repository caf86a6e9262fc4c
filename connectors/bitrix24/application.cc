#include "connectors/bitrix24/application.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "connectors/ascii.h"
#include "connectors/bitrix24/client.h"
#include "connectors/bitrix24/form.h"
#include "connectors/say.h"
#include "connectors/utf8.h"

namespace b24 {
namespace {

// A call that goes out now may be looked at a minute later.
constexpr seconds kTooClose{60};
constexpr seconds kUsualLife{3600};
constexpr seconds kAskAgain{600};
constexpr std::size_t kWords = 200;  // bytes of the token server's own words

// Those of Bitrix24 (portal docs: settings/oauth/index.md, in English and in Russian).
constexpr auto kServers =
    std::to_array<std::string_view>({"oauth.bitrix24.tech", "oauth.bitrix.info"});

std::string word_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? found->dump() : std::string{};
}

seconds life_of(const nlohmann::json& answer) {
  const std::string text = word_of(answer, "expires_in");
  std::int64_t life = 0;
  std::from_chars(text.data(), text.data() + text.size(), life);
  return life > 0 && life <= 86400 * 365 ? seconds{life} : kUsualLife;
}

std::string address_of(const Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  const int usual = url.tls ? 443 : 80;
  return fmt::format("{}://{}{}{}{}", url.tls ? "https" : "http", v6 ? "[" : "", url.host,
                     v6 ? "]" : "", url.port == usual ? "" : fmt::format(":{}", url.port));
}

bool same_host(const Url& a, const Url& b) {
  return a.host == b.host && a.port == b.port && a.tls == b.tls;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void scrub(std::string& text, const Secret& secret) {
  const std::string& word = secret.reveal();
  if (word.size() < 4) return;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 3)) {
    text.replace(at, word.size(), "***");
  }
}

Error not_installed(const std::string& host) {
  return error(
      ErrorKind::blocked,
      say("Приложение на портале {} ещё не установлено – сохраните его карточку на портале (адрес "
          "установки – …/install) или выполните на этом сервере: sudo b24watch authorize.",
          "The application is not installed on the portal {} yet: save its card there (the path of "
          "installation is …/install), or run on this machine: sudo b24watch authorize.",
          host));
}

Error odd_answer(const std::string& host, int status) {
  return error(ErrorKind::unavailable,
               say("Сервер авторизации {} ответил непонятно (HTTP {}) – повторим позже.",
                   "The answer of the authorisation server {} makes no sense (HTTP {}); we shall "
                   "try again later.",
                   host, status));
}

// What a person does about a code of the token server (portal docs: settings/oauth/error-codes.md,
// and the vendor's SDKs).
struct Saying {
  std::string_view code;  // lower case
  std::string_view ru;
  std::string_view en;
};

constexpr std::string_view kDeadGrant = "invalid_grant";

constexpr Saying kSayings[] = {
    {kDeadGrant,
     "Ключи приложения больше не действуют ({}) – установите приложение на портале заново или "
     "выполните на этом сервере: sudo b24watch authorize.",
     "The application's tokens are dead ({}): install the application on the portal again, or run "
     "on this machine: sudo b24watch authorize."},
    {"wrong_client",
     "Сервер авторизации не знает такого приложения ({}) – проверьте client_id в настройках.",
     "The authorisation server does not know the application ({}): check client_id in the "
     "settings."},
    {"invalid_client",
     "Сервер авторизации не принимает приложение ({}) – проверьте client_secret в настройках и что "
     "приложение есть на портале.",
     "The authorisation server does not accept the application ({}): check client_secret in the "
     "settings, and that the application is there on the portal."},
    {"not_installed",
     "Приложение удалено с портала ({}) – добавьте его снова и впишите новые client_id и "
     "client_secret в настройки.",
     "The application was removed from the portal ({}): add it again, and put its new client_id "
     "and client_secret into the settings."},
    {"payment_required",
     "На портале закончилась подписка, без неё приложение не работает ({}) – продлите её.",
     "The portal's subscription has ended and the application does not work without it ({}): renew "
     "it."},
    {"insufficient_scope",
     "Приложению не хватает прав ({}) – добавьте их в его карточке на портале.",
     "The application lacks rights ({}): add them on its card on the portal."},
};

// In lower case, and by the one name it has here.
std::string plain_code(std::string_view code) {
  const std::string low = lower_ascii(code);
  if (low == "bad_verification_code") return std::string{kDeadGrant};
  if (low == "invalid_scope") return "insufficient_scope";
  if (low == "application_not_found") return "not_installed";
  return low;
}

}  // namespace

Error token_error(std::string_view code, std::string_view description, int status) {
  const std::string low = plain_code(code);
  const std::string label = code.empty() ? fmt::format("HTTP {}", status) : clip_utf8(code, 80);
  for (const Saying& saying : kSayings) {
    if (low == saying.code) return error(ErrorKind::blocked, say(saying.ru, saying.en, label));
  }
  if (status >= 500 || status == 429 || status == 408) {
    return error(ErrorKind::unavailable,
                 say("Сервер авторизации Битрикс24 сейчас не отвечает ({}) – повторим позже.",
                     "The authorisation server of Bitrix24 does not answer now ({}); we shall try "
                     "again later.",
                     label));
  }
  const std::string words =
      description.empty() ? label : fmt::format("{}: «{}»", label, clip_utf8(description, kWords));
  return error(
      ErrorKind::blocked,
      say("Сервер авторизации отказал приложению ({}) – проверьте client_id и client_secret "
          "в настройках.",
          "The authorisation server refused the application ({}): check client_id and "
          "client_secret in the settings.",
          words));
}

Result<ApplicationEvent> parse_application_event(std::string_view body) {
  constexpr std::pair<std::string_view, ApplicationEvent::What> kNames[] = {
      {"onappinstall", ApplicationEvent::What::installed},
      {"onappupdate", ApplicationEvent::What::updated},
      {"onappuninstall", ApplicationEvent::What::removed}};
  const auto fields = read_form(body);
  const std::string name = fields ? lower_ascii(field(*fields, "event")) : std::string{};
  for (const auto& [known, what] : kNames) {
    if (known != name) continue;
    const auto text = [&](std::string_view key) { return std::string{field(*fields, key)}; };
    return ApplicationEvent{.what = what,
                            .refresh = Secret{text("auth[refresh_token]")},
                            .application_token = Secret{text("auth[application_token]")},
                            .portal = text("auth[client_endpoint]"),
                            .server = text("auth[server_endpoint]"),
                            .member_id = text("auth[member_id]")};
  }
  return error(ErrorKind::invalid_input, say("Это не событие об установке приложения.",
                                             "This is no event of an application's installation."));
}

Application::Application(ApplicationKeys keys, std::shared_ptr<TokenStore> store, HttpOptions http,
                         Clock& clock)
    : keys_(std::move(keys)), store_(std::move(store)), http_(std::move(http)), clock_(clock) {}

void Application::adopt(const Tokens& tokens) {
  refusal_.reset();
  std::lock_guard lock{mutex_};
  tokens_ = tokens;
}

// Asked again and again, the token server blocks the application; and a grant that is dead stays
// so.
std::optional<Error> Application::still_refused() const {
  if (!refusal_ || (refusal_->until && clock_.steady_now() >= *refusal_->until)) {
    return std::nullopt;
  }
  return refusal_->why;
}

std::optional<Tokens> Application::held_tokens() const {
  std::lock_guard lock{mutex_};
  return tokens_;
}

// Another process may have brought tokens.
Result<void> Application::look_into_store() {
  const std::optional<Tokens> held = held_tokens();
  auto kept = store_->load();
  if (!kept) return kept.error();
  if (!*kept || (held && (*kept)->refresh == held->refresh)) return {};
  adopt(**kept);
  std::lock_guard lock{mutex_};
  ++installations_;
  return {};
}

// Of an installation, perhaps: whoever sits out a trouble hears of it.
Result<void> Application::keep_unkept() {
  if (auto kept = keep(Tokens{*unkept_}); !kept) return kept;
  std::lock_guard lock{mutex_};
  ++installations_;
  return {};
}

// On the disk first: the old ones are dead already.
Result<void> Application::keep(const Tokens& tokens) {
  unkept_ = tokens;
  if (auto saved = store_->save(tokens); !saved) return saved;
  adopt(*std::exchange(unkept_, std::nullopt));
  return {};
}

Result<Secret> Application::token(const std::stop_token& stop) {
  std::lock_guard one{renewing_};
  if (unkept_) return renew({}, stop);
  if (refusal_ || !held_tokens()) {
    if (auto seen = look_into_store(); !seen) return seen.error();
  }
  const std::optional<Tokens> held = held_tokens();
  if (!held) return not_installed(keys_.portal.host);
  if (auto why = still_refused()) return *why;
  if (held->expires_at - clock_.now() > kTooClose) return held->access;
  return renew(held->access, stop);
}

Result<Secret> Application::token_after(const Secret& refused, const std::stop_token& stop) {
  std::lock_guard one{renewing_};
  if (auto why = still_refused()) return *why;
  const std::optional<Tokens> held = held_tokens();
  if (!unkept_ && held && !(held->access == refused)) return held->access;
  // One that has just come is refused for another reason than its age.
  if (renewed_at_ && clock_.steady_now() - *renewed_at_ < kTooClose) {
    return to_error({"invalid_token", {}, 401}, {}, Way::application);
  }
  return renew(refused, stop);
}

Result<Secret> Application::renew(const Secret& refused, const std::stop_token& stop) {
  auto done = store_->alone([&] { return renew_alone(refused, stop); }, stop);
  if (!done) return done.error();
  return held_tokens()->access;
}

Result<void> Application::renew_alone(const Secret& refused, const std::stop_token& stop) {
  if (stop.stop_requested()) return stopped();
  if (unkept_) return keep_unkept();
  auto kept = store_->load();
  if (!kept) return kept.error();
  if (!*kept) return not_installed(keys_.portal.host);
  Tokens old = **kept;
  if (!(old.access == refused) && old.expires_at - clock_.now() > kTooClose) {
    adopt(old);
    return {};
  }
  auto server = server_of(old.server);
  if (!server) return server.error();
  // Asking spends them: there has to be room for those that come, and the right to write.
  if (auto room = store_->save(old); !room) return room;
  auto fresh = exchange(*server, "refresh_token", "refresh_token", old.refresh);
  if (!fresh) {
    if (fresh.error().kind == ErrorKind::blocked) {
      adopt(old);
      refusal_ = Refusal{fresh.error(), std::nullopt};
      if (!grant_dead_) refusal_->until = clock_.steady_now() + kAskAgain;
    }
    return fresh.error();
  }
  renewed_at_ = clock_.steady_now();
  fresh->application_token = old.application_token;
  if (fresh->member_id.empty()) fresh->member_id = old.member_id;
  return keep(*fresh);
}

Result<Tokens> Application::exchange(const Url& server, const char* grant, const char* name,
                                     const Secret& value) {
  const Params form = {{"grant_type", grant},
                       {"client_id", keys_.client_id},
                       {"client_secret", keys_.client_secret.reveal()},
                       {name, value.reveal()}};
  return ask(server, to_query(form), value);
}

Result<Tokens> Application::ask(const Url& server, const std::string& form, const Secret& sent) {
  grant_dead_ = false;  // of an earlier answer, perhaps about the tokens of others
  std::shared_ptr<HttpConnection> connection;
  {
    std::lock_guard lock{mutex_};
    if (cancelling_.stop_requested()) return stopped();
    connection = connection_ = std::make_shared<HttpConnection>(server, http_);
  }
  // As a form, so that no log on the way holds the secrets of a URL.
  auto answer = connection->post("/oauth/token/", form, "application/x-www-form-urlencoded");
  if (!answer) return answer.error();
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  if (!json.is_object()) {
    if (answer->status >= 500) return token_error("", "", answer->status);
    return odd_answer(server.host, answer->status);
  }
  // An error may come with HTTP 200.
  grant_dead_ = plain_code(word_of(json, "error")) == kDeadGrant;
  if (json.contains("error")) {
    const auto clean = [&](std::string words) {
      scrub(words, sent);
      return scrubbed(std::move(words));
    };
    return token_error(clean(word_of(json, "error")), clean(word_of(json, "error_description")),
                       answer->status);
  }
  Tokens tokens{.access = Secret{word_of(json, "access_token")},
                .refresh = Secret{word_of(json, "refresh_token")},
                .expires_at = clock_.now() + life_of(json),
                .server = address_of(server),
                .member_id = word_of(json, "member_id")};
  if (tokens.access.empty() || tokens.refresh.empty()) {
    return odd_answer(server.host, answer->status);
  }
  portal_told_ = word_of(json, "client_endpoint");
  return tokens;
}

Result<Url> Application::server_of(const std::string& told) const {
  if (keys_.server) return *keys_.server;
  auto url = parse_url(told);
  const bool known = url && url->tls && url->port == 443 &&
                     std::find(kServers.begin(), kServers.end(), url->host) != kServers.end();
  if (!known) {
    return error(ErrorKind::blocked,
                 say("Портал называет незнакомый сервер авторизации{} – если он верен, впишите его "
                     "в portal.application.server.",
                     "The portal names an authorisation server that we do not know{}: if it is the "
                     "right one, write it as portal.application.server.",
                     url ? " " + url->host : ""));
  }
  return Url{.tls = true, .host = url->host, .port = 443, .path = "/"};
}

Result<void> Application::ours(const std::string& client_endpoint) const {
  const auto url = parse_url(client_endpoint);
  if (url && same_host(*url, keys_.portal)) return {};
  return error(
      ErrorKind::invalid_input,
      say("Ключи приложения пришли не от портала {} – проверьте portal.application.address "
          "в настройках.",
          "The application's tokens are not of the portal {}: check "
          "portal.application.address in the settings.",
          keys_.portal.host));
}

Result<void> Application::concerns(const ApplicationEvent& event) const {
  if (event.what == ApplicationEvent::What::installed) return ours(event.portal);
  // Without a token of ours there is nothing to prove it by.
  const Secret known = application_token();
  if (!known.empty() && known.equals(event.application_token.reveal())) return {};
  return error(ErrorKind::invalid_input,
               say("В событии о приложении не тот application_token.",
                   "The event of an application bears another application_token."));
}

Result<void> Application::take_installation(Tokens tokens, const std::stop_token& stop) {
  // Even without a turn at the store: what they were proven by is spent.
  unkept_ = tokens;
  auto done = store_->alone([&] { return keep(tokens); }, stop);
  if (!done) return done;
  std::lock_guard lock{mutex_};
  ++installations_;
  return {};
}

Result<void> Application::install(const ApplicationEvent& event, const std::stop_token& stop) {
  if (event.refresh.empty() || event.application_token.empty() || event.member_id.empty()) {
    return error(ErrorKind::invalid_input, say("В событии об установке нет ключей приложения.",
                                               "The event of the installation holds no tokens."));
  }
  // What is kept has to be text.
  if (!is_ascii(event.application_token.reveal()) || !is_ascii(event.member_id)) {
    return error(ErrorKind::invalid_input,
                 say("Ключи приложения в событии об установке искажены.",
                     "The tokens in the event of the installation are garbled."));
  }
  if (auto mine = ours(event.portal); !mine) return mine;
  auto server = server_of(event.server);
  if (!server) return server.error();
  std::lock_guard one{renewing_};
  auto fresh = exchange(*server, "refresh_token", "refresh_token", event.refresh);
  if (!fresh) return fresh.error();
  if (auto mine = ours(portal_told_); !mine) return mine;
  if (!fresh->member_id.empty() && fresh->member_id != event.member_id) return ours({});
  fresh->member_id = event.member_id;
  fresh->application_token = event.application_token;
  return take_installation(std::move(*fresh), stop);
}

Result<void> Application::authorize(const Secret& code, const std::string& server,
                                    const std::stop_token& stop) {
  std::string told = server;
  // As the portal's zone has it, where nobody says.
  if (told.empty()) told = keys_.portal.host.ends_with(".ru") ? kServers[0] : kServers[1];
  if (told.find("://") == std::string::npos) told.insert(0, "https://");
  auto url = server_of(told);
  if (!url) return url.error();
  std::lock_guard one{renewing_};
  auto fresh = exchange(*url, "authorization_code", "code", code);
  if (!fresh) return fresh.error();
  if (auto mine = ours(portal_told_); !mine) return mine;
  // The token server does not tell what proves events; it does not change by being authorised.
  if (const auto kept = store_->load(); kept && *kept && (*kept)->member_id == fresh->member_id) {
    fresh->application_token = (*kept)->application_token;
  }
  return take_installation(std::move(*fresh), stop);
}

std::optional<Error> Application::lacking() {
  std::lock_guard one{renewing_};
  if (unkept_) {
    auto kept = store_->alone([&] { return keep_unkept(); }, cancelling_.get_token());
    return kept ? std::nullopt : std::optional{kept.error()};
  }
  if (auto seen = look_into_store(); !seen) return seen.error();
  if (refusal_ && !refusal_->until) return refusal_->why;
  return held_tokens() ? std::nullopt : std::optional{not_installed(keys_.portal.host)};
}

std::uint64_t Application::installations() const {
  std::lock_guard lock{mutex_};
  return installations_;
}

Secret Application::application_token() const {
  const std::optional<Tokens> held = held_tokens();
  return held ? held->application_token : Secret{};
}

std::string Application::scrubbed(std::string text) const {
  scrub(text, keys_.client_secret);
  std::lock_guard lock{mutex_};
  if (!tokens_) return text;
  for (const Secret* secret : {&tokens_->access, &tokens_->refresh, &tokens_->application_token}) {
    scrub(text, *secret);
  }
  return text;
}

std::string Application::authorize_url(const std::string& state) const {
  const Params query = {{"client_id", keys_.client_id}, {"state", state}};
  return address_of(keys_.portal) + "/oauth/authorize/?" + to_query(query);
}

void Application::cancel() {
  std::lock_guard lock{mutex_};
  cancelling_.request_stop();
  if (connection_) connection_->cancel();
}

}  // namespace b24
