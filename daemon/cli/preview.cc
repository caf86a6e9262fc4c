#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "daemon/cli/commands.h"
#include "daemon/cli/values.h"
#include "daemon/engine/unknown.h"
#include "rules/text.h"

namespace b24 {
namespace {

OrderedJson to_json(const Finding& finding) {
  OrderedJson objects = OrderedJson::array();
  for (const Item& item : finding.items) objects.push_back(item.id);
  const std::string id = finding.key.kind == AlertKey::Kind::manager
                             ? "manager_id"
                             : std::string{name(finding.key.entity)} + "_id";
  return {{"rule", finding.rule_id},           {"key", {{id, finding.key.id}}},
          {"manager_id", finding.manager_id},  {"value", number_json(finding.value)},
          {"norm", number_json(finding.norm)}, {"objects", std::move(objects)}};
}

void print(const Rule& rule, const Judgement& judgement, const Surroundings& around) {
  std::cout << fmt::format("{} — {}: {}\n", rule.id, rule.name.pick(), judgement.findings.size());
  for (const Finding& finding : judgement.findings) {
    std::cout << fmt::format(
        "  {} ({}): {}, {} {}, {} {}\n", around.people.name(finding.manager_id),
        to_string(finding.key), format_number(finding.value), tr("норма", "norm"),
        format_number(finding.norm), tr("объектов", "objects"), finding.items.size());
  }
  for (const Silence& silence : judgement.silences) {
    std::cout << fmt::format("  – {}: {}\n", around.people.name(silence.manager_id),
                             silence.reason.pick());
  }
}

Error no_rule(const std::string& id, const RuleSet& rules) {
  std::vector<std::string> known;
  for (const Rule& rule : rules.rules) known.push_back(rule.id);
  const std::string guess = nearest(id, known);
  return error(ErrorKind::invalid_input,
               guess.empty()
                   ? fmt::format(fmt::runtime(tr("Правила «{}» нет, есть {}.",
                                                 "There is no rule \"{}\", there are {}.")),
                                 excerpt(id), fmt::join(known, ", "))
                   : fmt::format(fmt::runtime(tr("Правила «{}» нет – может быть, «{}»?",
                                                 "There is no rule \"{}\" - did you mean \"{}\"?")),
                                 excerpt(id), guess));
}

}  // namespace

Exit preview_command(const Common& common, const PreviewArguments& arguments) {
  auto loaded = load_all(common, Wanted::rules);
  if (!loaded) return Exit::usage;
  Time now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  if (!arguments.at.empty()) {
    const auto at = parse_time(arguments.at);
    if (!at) {
      return complain(error(
          ErrorKind::invalid_input,
          fmt::format(fmt::runtime(tr("Время «{}» не понято: нужен вид 2026-11-21T10:00:00+03:00.",
                                      "The time \"{}\" is not understood: write it like "
                                      "2026-11-21T10:00:00+03:00.")),
                      excerpt(arguments.at))));
    }
    now = *at;
  }
  const auto& rules = loaded->rules.rules.rules;
  const bool known = std::any_of(rules.begin(), rules.end(),
                                 [&](const Rule& rule) { return rule.id == arguments.rule; });
  if (!arguments.rule.empty() && !known) {
    return complain(no_rule(arguments.rule, loaded->rules.rules));
  }
  auto mirror = open_mirror(loaded->config);
  if (!mirror) return Exit::store;
  for (const Text& text : unknown_names(loaded->config, *mirror->reader)) {
    std::cerr << text.pick() << '\n';
  }
  Judge judge{*mirror->reader};
  OrderedJson list = OrderedJson::array();
  Exit exit = Exit::ok;
  for (const Rule& rule : rules) {
    if (!arguments.rule.empty() && rule.id != arguments.rule) continue;
    if (!rule.enabled && arguments.rule.empty()) continue;
    auto judgement = judge.judge(loaded->rules.rules, rule, mirror->around, now);
    if (!judgement) {
      complain(judgement.error());
      exit = Exit::failed;
      continue;
    }
    std::erase_if(judgement->findings, [](const Finding& f) { return f.clearing; });
    if (!common.json) print(rule, *judgement, mirror->around);
    for (const Finding& finding : judgement->findings) list.push_back(to_json(finding));
  }
  if (common.json) std::cout << dump(list, 2) << '\n';
  return exit;
}

}  // namespace b24
