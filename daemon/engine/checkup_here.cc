#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "connectors/bitrix24/entities.h"
#include "connectors/say.h"
#include "daemon/engine/checkup.h"
#include "daemon/engine/judge.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/trouble.h"
#include "daemon/engine/unknown.h"

// What stands on this machine: the state folder, the disk, the mirror.

namespace b24 {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMegabyte = 1024ULL * 1024;
constexpr std::uint64_t kScarce = 1024 * kMegabyte;
constexpr std::uint64_t kNothingLeft = 100 * kMegabyte;
// As rules have it without a word of their own.
constexpr seconds kStale{900};

std::string size_text(std::uint64_t bytes) {
  const double megabytes = static_cast<double>(bytes) / static_cast<double>(kMegabyte);
  if (megabytes < 1024) return say("{:.0f} МБ", "{:.0f} MB", megabytes);
  return say("{:.0f} ГБ", "{:.0f} GB", megabytes / 1024);
}

Check check_space(const Disk& disk) {
  const std::string size = size_text(*disk.free_bytes);
  Check check{.id = "disk", .blame = Blame::state};
  check.text = say("На диске свободно {}.", "{} of the disk are free.", size);
  if (*disk.free_bytes >= kScarce) return check;
  check.outcome = *disk.free_bytes < kNothingLeft ? Outcome::failure : Outcome::warning;
  check.text = say("На диске свободно только {}.", "Only {} of the disk are free.", size);
  check.advice =
      say("Освободите место: на 100 тысяч сделок со звонками и задачами нужно около "
          "гигабайта.",
          "Make room: a hundred thousand deals with their calls and tasks take about a "
          "gigabyte.");
  return check;
}

Check mirror_failure(const std::string& why) {
  return {.id = "mirror",
          .outcome = Outcome::failure,
          .text = why,
          .advice = say("Папка состояния задана в настройках, state_dir.",
                        "The state folder is state_dir of the settings."),
          .blame = Blame::state};
}

// The portal could not answer for the moment.
Check unanswered_details(const DetailState& state) {
  const std::string_view advice =
      state.full_done ? tr("Спрашиваем снова каждые 10 минут; пока есть только прочитанное.",
                           "We ask again every ten minutes and have what was read so far.")
                      : tr("Правила, которым это нужно, ждут; спрашиваем снова каждые 10 минут.",
                           "Rules that need it wait; we ask again every ten minutes.");
  return {.id = fmt::format("details_{}", name(state.detail)),
          .outcome = Outcome::warning,
          .text = say("Не читается: {}. {}", "Not read: {}. {}", list_name(state.detail),
                      state.problem),
          .advice = std::string{advice}};
}

std::optional<Check> other_portal(const Config& config, Reader& reader) {
  std::string host;
  if (config.portal.application) {
    host = config.portal.application->portal.host;
  } else if (const auto webhook = parse_webhook(config.portal.webhook)) {
    host = webhook->url.host;
  } else {
    return std::nullopt;
  }
  return check_same_portal(reader.meta(kPortalMeta), reader.meta(kMovedMeta), host);
}

}  // namespace

RuleReaders readers_of(Reader& reader, const RuleSet& rules) {
  RuleReaders readers;
  Judge judge{reader};
  for (const Rule& rule : rules.rules) {
    if (!rule.enabled) continue;
    const auto read = judge.reads(rules, rule);
    if (!read) continue;
    for (const Entity entity : read->entities) readers[entity].push_back(rule.name.pick());
  }
  return readers;
}

Disk look_at_disk(const fs::path& state_dir) {
  Disk disk{.folder = state_dir};
  std::error_code code;
  disk.exists = fs::is_directory(state_dir, code);
  fs::path there = fs::absolute(state_dir, code);
  while (!fs::exists(there, code) && there.has_relative_path()) there = there.parent_path();
  disk.writable = access(there.c_str(), W_OK | X_OK) == 0 && fs::is_directory(there, code);
  struct statvfs info {};
  if (statvfs(there.c_str(), &info) == 0) {
    disk.free_bytes = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }
  return disk;
}

std::vector<Check> check_disk(const Disk& disk) {
  std::vector<Check> checks;
  const std::string folder = disk.folder.string();
  Check state{.id = "state", .blame = Blame::state};
  if (!disk.writable) {
    state.outcome = Outcome::failure;
    state.text = disk.exists
                     ? say("В папку состояния {} нельзя писать.",
                           "The state folder {} cannot be written.", folder)
                     : say("Папки состояния {} нет, и создать её здесь нельзя.",
                           "There is no state folder {}, and it cannot be created here.", folder);
    state.advice = say("Запустите команду через sudo или назовите в state_dir другую папку.",
                       "Run the command by sudo, or name another folder as state_dir.");
  } else if (disk.exists) {
    state.text =
        say("В папку состояния {} можно писать.", "The state folder {} can be written.", folder);
  } else {
    state.text = say("Папки состояния {} ещё нет, её создаст первый запуск.",
                     "There is no state folder {} yet; the first start creates it.", folder);
  }
  checks.push_back(std::move(state));
  if (disk.free_bytes) checks.push_back(check_space(disk));
  return checks;
}

Check check_freshness(const std::vector<StreamState>& streams, const PortalSettings& portal,
                      Time now) {
  Check check{.id = "mirror", .blame = Blame::state};
  const seconds polled = std::max({kStale, 2 * portal.poll, 2 * portal.poll_quiet});
  std::string stale;
  std::string unread;
  std::string why;
  for (const StreamState& stream : streams) {
    const EntitySpec& kind = spec(stream.entity);
    if (kind.optional && stream.refused) continue;
    // Lists that are read whole come round once in a while.
    const seconds limit = kind.renewal == Renewal::whole ? 2 * kind.every : polled;
    if (!stream.full_done) {
      unread += (unread.empty() ? "" : ", ") + std::string{list_name(stream.entity)};
    } else if (!stream.fresh_at || now - *stream.fresh_at > limit) {
      const auto age = stream.fresh_at ? now - *stream.fresh_at : limit;
      stale += fmt::format("{}{} – {}", stale.empty() ? "" : ", ", list_name(stream.entity),
                           rough_duration(age));
    } else {
      continue;
    }
    if (why.empty()) why = stream.problem;
  }
  if (stale.empty() && unread.empty()) {
    check.text = say("Зеркало портала свежее.", "The mirror of the portal is fresh.");
    return check;
  }
  check.outcome = Outcome::warning;
  if (!stale.empty()) {
    check.text =
        say("Зеркало портала отстаёт: {}.", "The mirror of the portal is behind: {}.", stale);
  }
  if (!unread.empty()) {
    check.text += stale.empty() ? "" : " ";
    check.text += say("Ещё не прочитано: {}.", "Not read yet: {}.", unread);
  }
  check.advice = !why.empty() ? why
                              : say("Проверьте, работает ли служба: systemctl status b24watch.",
                                    "See whether the service runs: systemctl status b24watch.");
  return check;
}

std::vector<Check> check_details(const std::vector<DetailState>& details) {
  std::vector<Check> checks;
  for (const DetailState& state : details) {
    if (!state.needed || (!state.refused && state.problem.empty())) continue;
    if (!state.refused) {
      checks.push_back(unanswered_details(state));
      continue;
    }
    checks.push_back(
        {.id = fmt::format("details_{}", name(state.detail)),
         .outcome = Outcome::warning,
         .text = say("Портал не даёт: {}. {}", "The portal does not give: {}. {}",
                     list_name(state.detail), state.problem),
         .advice = spec(state.detail).dispensable
                       ? say("Обходимся без этого и спрашиваем снова раз в час.",
                             "We do without and ask again once an hour.")
                       : say("Правила, которым это нужно, молчат; спрашиваем снова раз в час.",
                             "Rules that need it are silent; we ask again once an hour.")});
  }
  return checks;
}

Check check_outbox(const OutboxCounts& outbox, Time now) {
  Check check{.id = "outbox"};
  if (outbox.waiting == 0 && outbox.given_up == 0) {
    check.text = say("Неотправленных сообщений нет.", "All messages are sent.");
    return check;
  }
  check.text = say("Ждут отправки: {}, не удалось отправить: {}.",
                   "Messages waiting: {}, given up: {}.", outbox.waiting, outbox.given_up);
  if (outbox.problem.empty() && outbox.given_up == 0 &&
      now - outbox.waiting_since.value_or(now) < kStale) {
    return check;
  }
  check.outcome = Outcome::warning;
  check.advice = !outbox.problem.empty()
                     ? outbox.problem
                     : say("Проверьте, работает ли служба: systemctl status b24watch.",
                           "See whether the service runs: systemctl status b24watch.");
  return check;
}

std::optional<Check> check_hidden(const std::map<Entity, std::int64_t>& hidden, Way way) {
  if (hidden.empty()) return std::nullopt;
  return Check{.id = "hidden",
               .outcome = Outcome::warning,
               .text = say("Больше не видны {1}: {0}.", "Hidden from {1} by now: {0}.",
                           hidden_rows_text(hidden), hidden_from(way)),
               .advice = say("Проверьте его права на портале: нужен администратор.",
                             "Check his rights on the portal: he must be an administrator.")};
}

std::optional<Check> check_same_portal(const std::optional<std::string>& known,
                                       const std::optional<std::string>& moved_to,
                                       const std::string& host) {
  if (!known || *known == host || moved_to == host) return std::nullopt;
  return Check{.id = "mirror",
               .outcome = Outcome::failure,
               .text = say("В папке состояния лежит зеркало портала {}, а вебхук ведёт на {}.",
                           "The state folder holds the mirror of {}, but the webhook leads to {}.",
                           *known, host),
               .advice = say("Укажите для этого портала другую папку в state_dir.",
                             "Name another state_dir for this portal."),
               .blame = Blame::state};
}

std::vector<Check> check_mirror(const Config& config, Time now) try {
  const StorePaths paths{config.state_dir};
  std::error_code code;
  if (!fs::exists(paths.file(), code) && !code) {
    return {{.id = "mirror",
             .text = say("Зеркала портала ещё нет, его создаст первый запуск.",
                         "There is no mirror of the portal yet; the first start creates it.")}};
  }
  const auto reader = Reader::open(paths);
  if (!reader) return {mirror_failure(reader.error().text)};
  if (auto other = other_portal(config, **reader)) return {std::move(*other)};
  std::vector<Check> checks = {check_freshness((*reader)->streams(), config.portal, now),
                               check_outbox((*reader)->outbox_counts(), now)};
  std::ranges::move(check_details((*reader)->details()), std::back_inserter(checks));
  const Way way = config.portal.application ? Way::application : Way::webhook;
  if (auto hidden = check_hidden((*reader)->hidden_counts(), way))
    checks.push_back(std::move(*hidden));
  for (const Text& unknown : unknown_names(config, **reader)) {
    checks.push_back(
        {.id = "people",
         .outcome = Outcome::warning,
         .text = unknown.pick(),
         .advice = say("Исправьте номер в настройках.", "Mend the id in the settings."),
         .blame = Blame::settings});
  }
  return checks;
} catch (const StoreFailure& why) {
  return {mirror_failure(why.what())};
}

Check check_rules_loaded(std::size_t count, std::size_t errors, std::size_t warnings) {
  Check check{.id = "rules", .blame = Blame::settings};
  if (errors == 0 && warnings == 0) {
    check.text = say("Правила в порядке: {}.", "The rules are fine: {}.", count);
    return check;
  }
  check.outcome = errors > 0 ? Outcome::failure : Outcome::warning;
  check.text = say("В правилах ошибок: {}, предупреждений: {}.",
                   "In the rules there are errors: {}, warnings: {}.", errors, warnings);
  check.advice = say("Где именно, покажет b24watch check.", "b24watch check shows where.");
  return check;
}

Check check_rules_untried(const StoreFailure& why) {
  return {.id = "rules",
          .outcome = Outcome::failure,
          .text = why.what(),
          .advice = say("Правила поэтому не проверены: исправьте это и повторите команду.",
                        "So the rules were not checked: mend that and run the command again."),
          .blame = Blame::state};
}

}  // namespace b24
