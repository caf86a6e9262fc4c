#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "connectors/bitrix24/client.h"

// The portal of the settings, for whoever speaks to it: the service and the commands beside it.

namespace b24 {

// Fails with invalid_input when the mirror is of another portal than the webhook leads to.
// `known`, `moved_to`: what the state says, if anything.
Result<void> same_portal(const std::optional<std::string>& known,
                         const std::optional<std::string>& moved_to, const std::string& host);

// The way to the portal that the settings name. `tokens`: the folder of an application's tokens.
// Fails with invalid_input for a webhook that is none.
Result<Access> access_of(const Config& config, const std::filesystem::path& tokens,
                         const HttpOptions& http, Clock& clock);

// `kept_limits`: how much of the budgets was used, as the state says (KeptLimits); some more is
// assumed, for a run that was killed.
std::unique_ptr<Client> make_client(Access access, const Config& config, const HttpOptions& http,
                                    const std::optional<std::string>& kept_limits, Clock& clock);

// The same to be kept: at a start, so that what was assumed is not forgotten by one start after the
// other.
std::string limits_now(const Client& client, Clock& clock);

}  // namespace b24
