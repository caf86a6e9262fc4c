#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "connectors/http.h"
#include "connectors/secret.h"
#include "rules/base/result.h"
#include "rules/base/time.h"

// A local OAuth application as the way to a portal (portal docs: settings/oauth/): tokens that live
// an hour, and are renewed by others that live half a year and change with every use.
//
// Assumption, since the docs are silent: a token to renew with is dead once it was used. So the new
// ones are on the disk before anybody uses them.

namespace b24 {

// What a person tells of it.
struct ApplicationKeys {
  Url portal;  // "https://example.bitrix24.ru"; no other portal is believed or spoken to
  std::string client_id;
  Secret client_secret;
  std::optional<Url> server;  // where tokens come from; nothing: one of Bitrix24's own
};

struct Tokens {
  Secret access;
  Secret refresh;
  Time expires_at;             // of `access`, by our clock
  std::string server;          // who issued them: "https://oauth.bitrix24.tech"
  std::string member_id;       // the portal, whatever it is called
  Secret application_token{};  // proves its events; empty: the portal has not told it yet
};

// Where tokens live between runs. Several processes may use one: the service, a command beside it.
class TokenStore {
 public:
  virtual ~TokenStore() = default;
  // Nothing: there are none yet. `blocked`: what is there cannot be read.
  virtual Result<std::optional<Tokens>> load() = 0;
  // Whole or not at all, whatever happens; on the disk when it returns. Fails as `unavailable`.
  virtual Result<void> save(const Tokens& tokens) = 0;
  // Runs `work` while no other process does; waits for its turn.
  virtual Result<void> alone(const std::function<Result<void>()>& work,
                             const std::stop_token& stop) = 0;
};

// What the portal posts when the application is installed (portal docs: on-app-install.md), and
// what it says of it later. Not to be believed before Application::install() has.
struct ApplicationEvent {
  enum class What { installed, updated, removed } what = What::installed;
  Secret refresh;
  Secret application_token;
  std::string portal;  // its client_endpoint
  std::string server;  // its server_endpoint
  std::string member_id;
};
// Fails with invalid_input for anything else.
Result<ApplicationEvent> parse_application_event(std::string_view body);

// Thread-safe.
class Application {
 public:
  Application(ApplicationKeys keys, std::shared_ptr<TokenStore> store, HttpOptions http,
              Clock& clock);

  const ApplicationKeys& keys() const { return keys_; }

  // A token to call the portal with; renews one that is known to be stale. `blocked`: a person has
  // to act, the sentence says how; `unavailable`: the token server or the disk is away.
  Result<Secret> token(const std::stop_token& stop);
  // The same after the portal took `refused` for stale. Whoever comes meanwhile waits and gets the
  // same answer.
  Result<Secret> token_after(const Secret& refused, const std::stop_token& stop);

  // Tokens from the portal's post: proven by renewing them with our client_secret at the token
  // server, which tells what portal they are of, and kept. Only hosts of Bitrix24, or that of the
  // settings, are asked. invalid_input: not for us.
  Result<void> install(const ApplicationEvent& event, const std::stop_token& stop);
  // The same from the code that a person brings from the browser, within 30 seconds of its birth.
  // `server`: what the portal said beside it; may be empty.
  Result<void> authorize(const Secret& code, const std::string& server,
                         const std::stop_token& stop);

  // Whether it is worth a look: an installation of our portal, so far as it says itself (install()
  // proves it), or another event that bears our application_token. invalid_input: not for us.
  Result<void> concerns(const ApplicationEvent& event) const;

  // Why nothing can be called before a person acts: no tokens yet, dead ones, or such as the disk
  // does not take. Tries to keep those, and looks whether there are new ones.
  std::optional<Error> lacking();
  // How often it was installed in the life of this process.
  std::uint64_t installations() const;
  Secret application_token() const;
  // Every word of ours out of a text that others wrote.
  std::string scrubbed(std::string text) const;
  // The page where the portal's administrator allows it; `state` comes back beside the code.
  std::string authorize_url(const std::string& state) const;

  // Ends a question under way (it returns `stopped`) and refuses further ones. Any thread.
  void cancel();

 private:
  // With `renewing_` held:
  void adopt(const Tokens& tokens);
  std::optional<Error> still_refused() const;
  Result<void> look_into_store();
  Result<void> keep(const Tokens& tokens);
  Result<void> keep_unkept();
  Result<Secret> renew(const Secret& refused, const std::stop_token& stop);
  Result<void> renew_alone(const Secret& refused, const std::stop_token& stop);
  // `sent`: what the form holds besides our own words.
  Result<Tokens> ask(const Url& server, const std::string& form, const Secret& sent);
  Result<Tokens> exchange(const Url& server, const char* grant, const char* name,
                          const Secret& value);
  Result<void> take_installation(Tokens tokens, const std::stop_token& stop);
  Result<Url> server_of(const std::string& told) const;
  Result<void> ours(const std::string& client_endpoint) const;
  std::optional<Tokens> held_tokens() const;

  const ApplicationKeys keys_;
  const std::shared_ptr<TokenStore> store_;
  const HttpOptions http_;
  Clock& clock_;

  std::mutex renewing_;           // one talk with the token server at a time; guards what follows
  std::optional<Tokens> unkept_;  // issued, and the disk did not take them
  // What the token server said of these tokens; without `until`, for good.
  struct Refusal {
    Error why;
    std::optional<SteadyTime> until;
  };
  std::optional<Refusal> refusal_;
  std::optional<SteadyTime> renewed_at_;
  bool grant_dead_ = false;  // by its latest answer
  std::string portal_told_;  // client_endpoint of its latest answer

  mutable std::mutex mutex_;  // guards what follows; never held while others are asked
  std::optional<Tokens> tokens_;
  std::uint64_t installations_ = 0;
  std::shared_ptr<HttpConnection> connection_;
  std::stop_source cancelling_;
};

// Why the token server refused, for a person. `status` decides where there is no code.
Error token_error(std::string_view code, std::string_view description, int status);

}  // namespace b24
