#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "daemon/cli/commands.h"
#include "daemon/cli/temporary_store.h"
#include "daemon/cli/values.h"
#include "daemon/engine/engine.h"

namespace b24 {
namespace {

OrderedJson to_json(const Problem& problem) {
  return {{"file", problem.mark.file},
          {"line", problem.mark.line},
          {"column", problem.mark.column},
          {"severity", problem.severity == Severity::error ? "error" : "warning"},
          {"code", problem.code},
          {"text", problem.text.pick()}};
}

}  // namespace

Exit check_command(const Common& common, const CheckArguments& arguments) {
  std::vector<std::filesystem::path> folders = arguments.folders;
  std::vector<Problem> problems;
  if (!folders.empty()) use_language_of_settings(common);
  if (folders.empty()) {
    LoadedConfig settings = load_config(common.config_file);
    pass_over_secrets(settings.problems);
    problems = std::move(settings.problems);
    use_language(settings.config.language);
    folders = settings.config.rules;
  }
  LoadedRules loaded = load_rules(folders);
  problems.insert(problems.end(), loaded.problems.begin(), loaded.problems.end());
  if (!has_errors(problems)) {
    TemporaryStore store;
    for (Problem& problem : check_rules(store.reader(), loaded)) {
      problems.push_back(std::move(problem));
    }
  }
  const auto errors = std::count_if(problems.begin(), problems.end(),
                                    [](const Problem& p) { return p.severity == Severity::error; });
  const auto warnings = static_cast<std::ptrdiff_t>(problems.size()) - errors;
  if (common.json) {
    OrderedJson list = OrderedJson::array();
    for (const Problem& problem : problems) list.push_back(to_json(problem));
    std::cout << dump(list, 2) << '\n';
  } else {
    print_problems(problems);
    std::cout << fmt::format(
        fmt::runtime(tr("Правил: {}, метрик: {}. Ошибок: {}, предупреждений: {}.\n",
                        "Rules: {}, metrics: {}. Errors: {}, warnings: {}.\n")),
        loaded.rules.rules.size(), loaded.rules.metrics.size(), errors, warnings);
  }
  return errors > 0 || (arguments.strict && warnings > 0) ? Exit::failed : Exit::ok;
}

}  // namespace b24
