#include <fmt/format.h>

#include <ctime>
#include <iostream>

#include "daemon/cli/commands.h"
#include "daemon/cli/values.h"
#include "daemon/store/backup.h"

namespace b24 {
namespace {

OrderedJson to_json(const Restored& done) {
  return {{"backup", done.from.file.string()},
          {"made_at", format_utc(done.from.made_at)},
          {"put_aside", done.put_aside ? OrderedJson(done.put_aside->string()) : nullptr},
          {"unusable", done.unusable}};
}

// By the clock on the wall of whoever reads it.
std::string local_time(Time at) {
  const std::time_t time = to_unix(at);
  std::tm parts{};
  localtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%d.%m.%Y %H:%M", &parts)};
}

std::string sentence(const Restored& done) {
  std::string text =
      fmt::format(fmt::runtime(tr("Тревоги и сообщения восстановлены из копии {} от {}.\n",
                                  "Alerts and messages are restored from the backup {} of {}.\n")),
                  done.from.file.string(), local_time(done.from.made_at));
  if (done.put_aside) {
    text += fmt::format(
        fmt::runtime(tr("Прежняя база отложена: {}.\n", "The database that was there: {}.\n")),
        done.put_aside->string());
  }
  text += tr("Запустите службу (systemctl start b24watch): остальное она прочитает с портала.\n",
             "Start the service (systemctl start b24watch): it reads the rest from the portal.\n");
  return text;
}

}  // namespace

Exit restore_command(const Common& common, const RestoreArguments& arguments) {
  const auto loaded = load_all(common, Wanted::settings);
  if (!loaded) return Exit::usage;
  std::optional<std::filesystem::path> from;
  if (!arguments.from.empty()) from = arguments.from;
  const Time now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  const auto done = restore(StorePaths{loaded->config.state_dir}, from, now);
  if (!done) {
    complain(done.error());
    return Exit::store;
  }
  for (const std::string& unusable : done->unusable) std::cerr << "b24watch: " << unusable << '\n';
  std::cout << (common.json ? dump(to_json(*done)) + "\n" : sentence(*done));
  return Exit::ok;
}

}  // namespace b24
