#include "daemon/same_portal.h"

#include <algorithm>

#include "daemon/engine/checkup.h"
#include "daemon/engine/kept.h"
#include "daemon/store/token_file.h"

namespace b24 {
namespace {

// Requests that a run which was killed may have sent after it last noted them; part of the bucket.
constexpr double kUnnoted = 0.1;
constexpr seconds kRounding{1};  // of the moment noted

}  // namespace

Result<void> same_portal(const std::optional<std::string>& known,
                         const std::optional<std::string>& moved_to, const std::string& host) {
  const auto other = check_same_portal(known, moved_to, host);
  if (!other) return {};
  return error(ErrorKind::invalid_input, other->text + " " + other->advice);
}

Result<Access> access_of(const Config& config, const std::filesystem::path& tokens,
                         const HttpOptions& http, Clock& clock) {
  if (config.portal.application) {
    HttpOptions options = http;
    options.ca_file = config.portal.ca_file;
    return Access{std::make_shared<Application>(*config.portal.application,
                                                std::make_shared<TokenFile>(tokens),
                                                std::move(options), clock)};
  }
  auto webhook = parse_webhook(config.portal.webhook);
  if (!webhook) return webhook.error();
  return Access{std::move(*webhook)};
}

std::unique_ptr<Client> make_client(Access access, const Config& config, const HttpOptions& http,
                                    const std::optional<std::string>& kept_limits, Clock& clock) {
  ClientOptions options;
  options.limits = config.portal.limits;
  options.http = http;
  options.http.ca_file = config.portal.ca_file;
  auto client = std::make_unique<Client>(std::move(access), options, clock);
  const auto kept = kept_limits ? limits_from_json(*kept_limits) : std::nullopt;
  if (kept) {
    client->assume_limits(kept->level + kUnnoted * options.limits.burst, kept->operating,
                          std::max(seconds{0}, clock.now() - kept->at - kRounding));
  }
  return client;
}

std::string limits_now(const Client& client, Clock& clock) {
  const LimiterReport report = client.report();
  return to_json(KeptLimits{report.bucket_level, report.operating, clock.now()});
}

}  // namespace b24
