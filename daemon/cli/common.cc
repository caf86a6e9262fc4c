#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "connectors/bitrix24/client.h"
#include "daemon/cli/commands.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/log.h"
#include "daemon/engine/surroundings.h"

namespace b24 {
namespace {

bool needs_webhook(Wanted wanted) {
  return wanted == Wanted::settings_and_webhook || wanted == Wanted::rules_and_webhook;
}

}  // namespace

void use_language(Language of_settings) {
  const char* const wish = std::getenv("B24WATCH_LANGUAGE");
  const std::string_view word = wish != nullptr ? wish : "";
  set_language(word == "en" ? Language::en : word == "ru" ? Language::ru : of_settings);
}

void use_language_of_settings(const Common& common) {
  use_language(load_config(common.config_file).config.language);
}

void print_problems(const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) std::cerr << format(problem) << '\n';
}

Exit exit_of(ErrorKind kind) {
  if (kind == ErrorKind::invalid_input) return Exit::usage;
  if (kind == ErrorKind::stopped) return Exit::ok;
  return passes_by_itself(kind) ? Exit::later : Exit::portal;
}

Exit complain(const Error& problem) {
  std::cerr << "b24watch: " << problem.text << '\n';
  return exit_of(problem.kind);
}

std::optional<Loaded> load_all(const Common& common, Wanted wanted) {
  LoadedConfig settings = load_config(common.config_file);
  use_language(settings.config.language);
  if (!needs_webhook(wanted)) pass_over_secrets(settings.problems);
  print_problems(settings.problems);
  if (has_errors(settings.problems)) return std::nullopt;
  log::set_level(settings.config.log_level);
  if (needs_webhook(wanted) && !settings.config.portal.application) {
    if (const auto webhook = parse_webhook(settings.config.portal.webhook); !webhook) {
      std::cerr << "b24watch: "
                << tr("Вебхук в настройках не годится. ",
                      "The webhook in the settings is no good. ")
                << webhook.error().text << '\n';
      return std::nullopt;
    }
  }
  if (wanted == Wanted::settings || wanted == Wanted::settings_and_webhook)
    return Loaded{std::move(settings.config), {}};
  LoadedRules rules = load_rules(settings.config.rules);
  print_problems(rules.problems);
  if (has_errors(rules.problems)) return std::nullopt;
  return Loaded{std::move(settings.config), std::move(rules)};
}

std::optional<Mirror> open_mirror(const Config& config) {
  auto reader = Reader::open(StorePaths{config.state_dir});
  if (!reader) {
    complain(reader.error());
    return std::nullopt;
  }
  std::optional<PortalFacts> facts;
  if (auto kept = kept_facts(**reader)) facts = std::move(kept->facts);
  auto around = read_surroundings(**reader, config, facts);
  if (!around) {
    complain(around.error());
    return std::nullopt;
  }
  (*reader)->set_surroundings(*around);
  return Mirror{std::move(*reader), std::move(*around)};
}

}  // namespace b24
