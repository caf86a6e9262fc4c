#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "daemon/cli/commands.h"
#include "daemon/cli/values.h"
#include "daemon/engine/engine.h"

namespace b24 {
namespace {

// A folder that lives as long as the check: rules can be checked before there is a mirror.
class TemporaryStore {
 public:
  TemporaryStore() {
    std::error_code none;
    const auto folder = std::filesystem::temp_directory_path(none);
    std::string pattern = (folder / "b24watch-XXXXXX").string();
    if (none || mkdtemp(pattern.data()) == nullptr) {
      throw StoreFailure{std::string{
          tr("Во временную папку нельзя писать: назовите другую в переменной окружения TMPDIR.",
             "The temporary folder cannot be written: name another one in the environment "
             "variable TMPDIR.")}};
    }
    paths_.state_dir = pattern;
  }
  ~TemporaryStore() {
    std::error_code ignored;  // a leftover in /tmp harms nobody
    std::filesystem::remove_all(paths_.state_dir, ignored);
  }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;
  const StorePaths& paths() const { return paths_; }

 private:
  StorePaths paths_;
};

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
    auto writer = Writer::open(store.paths());
    if (!writer) throw StoreFailure{writer.error().text};
    auto reader = Reader::open(store.paths());
    if (!reader) throw StoreFailure{reader.error().text};
    for (Problem& problem : check_rules(**reader, loaded)) problems.push_back(std::move(problem));
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
