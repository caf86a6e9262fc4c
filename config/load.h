#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "connectors/secret.h"
#include "rules/rule.h"

// From YAML to plain data, strictly: duplicate and unknown keys, second documents, aliases, tabs
// and wrong types are refused, each with its place. All problems of a run are reported together.

namespace b24 {

// No webhook is given; the file of a secret is closed to this user. Commands that ask nothing of
// the portal pass over both: an analyst who may not read the webhook checks rules all the same.
inline constexpr const char* kNoWebhookCode = "R005";
inline constexpr const char* kSecretClosedCode = "R007";
void pass_over_secrets(std::vector<Problem>& problems);

struct LoadedConfig {
  Config config;
  std::vector<Problem> problems;  // with errors among them, `config` is not to be used
};
// Reads the settings, and the webhook from where they say: `portal.webhook`, `portal.webhook_file`,
// or the systemd credential "webhook" ($CREDENTIALS_DIRECTORY), in this order. With
// `portal.application` there is none; its secret comes in the same ways, as "client_secret".
// `webhook` given by the caller (a command-line option) wins over all. Relative paths begin at the
// settings' folder.
LoadedConfig load_config(const std::filesystem::path& file,
                         const std::optional<Secret>& webhook = std::nullopt);

struct LoadedRules {
  RuleSet rules;
  std::vector<Problem> problems;
  // Where each rule's values stand, by rule id and key, for checks that need the mirror: "since",
  // "text", and for keys inside a key "text.ru", "learned.by".
  std::map<std::string, std::map<std::string, Mark>> marks;
};
// Reads every *.yaml and *.yml of the folders, in the order given and then of names, on top of the
// shipped rules, which are compiled in. A later folder may redefine a metric or a rule of an
// earlier one by the same id: a rule with `metric` or `each` replaces it, one without changes only
// the keys it names ({id: overload_deals, above: 60}). Twice within one folder is an error.
LoadedRules load_rules(const std::vector<std::filesystem::path>& folders);

// Reads rules from one text, for tests and checks.
LoadedRules load_rules_text(const std::string& file_name, const std::string& text);

}  // namespace b24
