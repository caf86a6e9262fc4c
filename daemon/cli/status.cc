#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "connectors/bitrix24/application.h"
#include "connectors/say.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/values.h"
#include "daemon/cli/verify_words.h"
#include "daemon/engine/kept.h"
#include "daemon/engine/offline_events.h"
#include "daemon/engine/trouble.h"
#include "daemon/engine/unknown.h"
#include "daemon/same_portal.h"
#include "daemon/store/backup.h"

namespace b24 {
namespace {

OrderedJson time_json(const std::optional<Time>& t) {
  return t ? OrderedJson(format_utc(*t)) : OrderedJson(nullptr);
}

OrderedJson to_json(const OutboxCounts& outbox) {
  return {{"waiting", outbox.waiting},
          {"waiting_since", time_json(outbox.waiting_since)},
          {"given_up", outbox.given_up},
          {"delivered_at", time_json(outbox.delivered_at)},
          {"problem", outbox.problem}};
}

// The portal's budgets as they were at the latest request.
OrderedJson to_json(const std::optional<std::string>& limits) {
  const auto kept = limits ? limits_from_json(*limits) : std::nullopt;
  if (!kept) return nullptr;
  return {{"bucket_level", kept->level},
          {"operating_seconds", kept->operating},
          {"at", format_utc(kept->at)}};
}

OrderedJson to_json(const std::optional<Verification>& kept) {
  if (!kept) return nullptr;
  OrderedJson streams = OrderedJson::array();
  for (const StreamVerdict& s : kept->streams) {
    streams.push_back({{"entity", std::string{name(s.entity)}},
                       {"ids", s.ids},
                       {"rows", s.rows},
                       {"differences", s.differences},
                       {"undecided", s.undecided}});
  }
  return {{"ended_at", format_utc(kept->ended_at)},
          {"differences", kept->differing()},
          {"requests", kept->requests},
          {"streams", std::move(streams)}};
}

std::optional<KeptOfflineEvents> kept_offline_events(Reader& reader) {
  const auto kept = reader.meta(kOfflineEventsMeta);
  return kept ? offline_events_from_json(*kept) : std::nullopt;
}

OrderedJson to_json(const std::optional<KeptOfflineEvents>& kept) {
  if (!kept) return nullptr;
  return {
      {"taken", kept->taken}, {"last_at", time_json(kept->last_at)}, {"problem", kept->problem}};
}

// Where receipts come from: {"source", "payments_by"}; null when it cannot be told.
OrderedJson receipts_json(Reader& reader) {
  const auto found = reader.query("SELECT source, payments_by FROM v_receipt_source");
  if (!found || found->rows.empty()) return nullptr;
  return {{"source", as_text(found->rows[0][0])}, {"payments_by", as_text(found->rows[0][1])}};
}

OrderedJson to_json(const Mirror& mirror, const std::vector<Text>& warned,
                    const std::optional<Time>& backed_up_at) {
  Reader& reader = *mirror.reader;
  const auto rows = reader.row_counts();
  const auto rejected = reader.rejected_counts();
  const auto hidden = reader.hidden_counts();
  const auto count = [](const std::map<Entity, std::int64_t>& counts, Entity entity) {
    const auto found = counts.find(entity);
    return found == counts.end() ? std::int64_t{0} : found->second;
  };
  OrderedJson streams = OrderedJson::array();
  for (const StreamState& s : reader.streams()) {
    streams.push_back({{"entity", std::string{name(s.entity)}},
                       {"complete", s.full_done},
                       {"rows", count(rows, s.entity)},
                       {"rejected", count(rejected, s.entity)},
                       {"hidden", count(hidden, s.entity)},
                       {"fresh_at", time_json(s.fresh_at)},
                       {"refused", s.refused},
                       {"problem", s.problem}});
  }
  auto waiting = reader.waiting_details();
  OrderedJson details = OrderedJson::array();
  for (const DetailState& d : reader.details()) {
    details.push_back({{"detail", std::string{name(d.detail)}},
                       {"needed", d.needed},
                       {"complete", d.full_done},
                       {"waiting", waiting[d.detail]},
                       {"fresh_at", time_json(d.fresh_at)},
                       {"refused", d.refused},
                       {"problem", d.problem}});
  }
  const PresenceTroubles troubles = kept_presence_troubles(reader);
  OrderedJson presence = OrderedJson::array();
  for (const PresencePart part : kPresenceParts) {
    const auto found = troubles.find(part);
    presence.push_back({{"part", std::string{name(part)}},
                        {"problem", found == troubles.end() ? "" : found->second}});
  }
  std::map<std::string, std::int64_t> alerts = {
      {"pending", 0}, {"firing", 0}, {"known", 0}, {"resolved", 0}};
  for (const Alert& alert : reader.alerts()) ++alerts[std::string{name(alert.state)}];
  OrderedJson warnings = OrderedJson::array();
  for (const Text& text : warned) warnings.push_back(text.pick());
  const OutboxCounts outbox = reader.outbox_counts();
  return {{"streams", std::move(streams)},
          {"details", std::move(details)},
          {"receipts", receipts_json(reader)},
          {"presence", std::move(presence)},
          {"alerts", alerts},
          {"undelivered", outbox.waiting},
          {"outbox", to_json(outbox)},
          {"warnings", std::move(warnings)},
          {"managers", mirror.around.people.managers().size()},
          {"limits", to_json(reader.meta(kLimitsMeta))},
          {"offline_events", to_json(kept_offline_events(reader))},
          {"backed_up_at", time_json(backed_up_at)},
          {"verified", to_json(kept_verification(reader))}};
}

std::string age(const std::optional<Time>& t, Time now) {
  if (!t) return std::string{tr("никогда", "never")};
  const auto s = (now - *t).count();
  if (s < 120) return fmt::format(fmt::runtime(tr("{} с назад", "{} s ago")), s);
  if (s < 7200) return fmt::format(fmt::runtime(tr("{} мин назад", "{} min ago")), s / 60);
  return fmt::format(fmt::runtime(tr("{} ч назад", "{} h ago")), s / 3600);
}

// How far a stream has come: "complete, 5 s ago".
std::string about_reading(const StreamState& stream, Time now) {
  if (stream.full_done) {
    return fmt::format("{}{}", tr("прочитано целиком, ", "complete, "), age(stream.fresh_at, now));
  }
  const bool without = stream.refused && spec(stream.entity).optional;
  return std::string{without ? tr("портал не даёт, обходимся без этого",
                                  "the portal does not give it, we do without")
                             : tr("прочитано не всё", "not complete")};
}

// How far the details of objects have come, and how many objects are still to be asked about.
std::string about_reading(const DetailState& details, std::int64_t waiting, Time now) {
  if (!details.needed) return std::string{tr("не нужны ни одному правилу", "no rule reads them")};
  if (details.refused) return std::string{tr("портал не даёт", "not given by the portal")};
  const std::string left =
      waiting == 0 ? ""
                   : fmt::format(fmt::runtime(tr(", в очереди: {}", ", waiting: {}")), waiting);
  if (!details.full_done) return std::string{tr("читается", "being read")} + left;
  return fmt::format("{}{}{}", tr("прочитано целиком, ", "complete, "), age(details.fresh_at, now),
                     left);
}

// What we may not see any more; nothing when there is nothing.
std::string about_hidden(const std::map<Entity, std::int64_t>& hidden, const Config& config) {
  if (hidden.empty()) return {};
  const Way way = config.portal.application ? Way::application : Way::webhook;
  return say("Больше не видны {1}: {0}. Проверьте его права на портале.\n",
             "Hidden from {1} by now: {0}. Check his rights on the portal.\n",
             hidden_rows_text(hidden), hidden_from(way));
}

std::string about_receipts(const OrderedJson& receipts) {
  if (receipts.is_null()) return {};
  const auto source = receipts["source"].get<std::string>();
  if (source == "invoices") {
    return say("Поступления – по счетам на стадии успеха.\n",
               "Receipts are taken from invoices on a stage of success.\n");
  }
  if (source == "deals") {
    return say("Поступления – по выигранным сделкам.\n", "Receipts are taken from deals won.\n");
  }
  return say("Поступления – по оплатам ({}).\n", "Receipts are taken from payments ({}).\n",
             receipts["payments_by"].get<std::string>());
}

// What has not reached people, and why; nothing when all has.
std::string about_outbox(const OutboxCounts& outbox, Time now) {
  std::string text;
  if (outbox.waiting > 0) {
    text += fmt::format(fmt::runtime(tr("Ждут отправки: {}, самое раннее – {}.\n",
                                        "Waiting to be sent: {}, the oldest {}.\n")),
                        outbox.waiting, age(outbox.waiting_since, now));
  }
  if (outbox.given_up > 0) {
    text += fmt::format(fmt::runtime(tr("Отправить не удалось: {}.\n", "Could not be sent: {}.\n")),
                        outbox.given_up);
  }
  if (!outbox.problem.empty()) {
    text += fmt::format(fmt::runtime(tr("Последняя неудача: {}\n", "The latest failure: {}\n")),
                        outbox.problem);
  }
  return text;
}

// An application's events; nothing without an application.
std::string about_application(const Config& config, const std::optional<KeptOfflineEvents>& kept,
                              Time now) {
  if (!config.portal.application) return {};
  SystemClock clock;
  const auto access = access_of(config, config.state_dir, {}, clock);
  const auto lacking = access ? access->application->lacking() : std::nullopt;
  if (lacking) return lacking->text + "\n";
  if (!kept) return {};
  if (!kept->problem.empty()) {
    return say("Офлайн-события выключены: {}\n", "Offline events are off: {}\n", kept->problem);
  }
  return say("Офлайн-событий получено: {}, последнее – {}.\n",
             "Offline events taken: {}, the latest {}.\n", kept->taken, age(kept->last_at, now));
}

// The bucket as it is by now, if nobody has asked since.
double level_now(const KeptLimits& kept, const LimiterOptions& limits, Time now) {
  const auto passed = static_cast<double>(std::max((now - kept.at).count(), std::int64_t{0}));
  return std::max(0.0, kept.level - passed * limits.drain_per_second);
}

// Of what the portal counts as a method's work.
constexpr minutes kOperatingWindow{10};

// How much of the portal's budgets is used; nothing for a portal without limits.
std::string about_limits(const std::optional<KeptLimits>& kept, const LimiterOptions& limits,
                         Time now) {
  if (!kept || !limits.enabled) return {};
  std::string text = say("Лимиты портала: из запаса в {1:.0f} запросов занято {0:.0f}",
                         "Budgets of the portal: {:.0f} of {:.0f} requests in the bucket",
                         level_now(*kept, limits, now), limits.burst);
  if (now - kept->at >= kOperatingWindow) return text + ".\n";
  const auto busiest =
      std::max_element(kept->operating.begin(), kept->operating.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (busiest != kept->operating.end()) {
    text += say("; больше всего работы у {} – {:.0f} с из {} за 10 минут",
                "; the busiest method is {} with {:.0f} s of {} in ten minutes", busiest->first,
                busiest->second, limits.operating_limit.count());
  }
  return text + ".\n";
}

std::string about_backup(const std::optional<Time>& at, Time now) {
  if (!at) {
    return std::string{tr("Копии тревог ещё нет: служба делает её раз в сутки, ночью.\n",
                          "No backup of the alerts yet: the service makes one every night.\n")};
  }
  return fmt::format(
      fmt::runtime(tr("Копия тревог сделана {}.\n", "The alerts were backed up {}.\n")),
      age(at, now));
}

// The latest comparison with the portal; nothing before the first.
std::string about_verification(const std::optional<Verification>& kept, Time now) {
  if (!kept) return {};
  std::int64_t ids = 0;
  std::int64_t rows = 0;
  std::string where;
  for (const StreamVerdict& stream : kept->streams) {
    ids += stream.ids;
    rows += stream.rows;
    if (stream.differences == 0) continue;
    where += fmt::format("{}{} – {}", where.empty() ? "" : ", ", list_name(stream.entity),
                         stream.differences);
  }
  std::string verdict =
      where.empty() ? std::string{tr("расхождений нет", "no differences")}
                    : say("расхождений: {} ({})", "differences: {} ({})", kept->differing(), where);
  if (kept->undecided() > 0) {
    verdict += say(", под вопросом: {}", ", undecided: {}", kept->undecided());
  }
  return say("Сверка с порталом – {}: {}. Сверено id: {}, строк: {}.\n",
             "Compared with the portal {}: {}. Ids compared: {}, rows: {}.\n",
             age(kept->ended_at, now), verdict, ids, rows);
}

}  // namespace

Exit status_command(const Common& common) {
  const auto loaded = load_all(common, Wanted::settings);
  if (!loaded) return Exit::usage;
  auto mirror = open_mirror(loaded->config);
  if (!mirror) return Exit::store;
  std::vector<Text> warnings = unknown_names(loaded->config, *mirror->reader);
  if (mirror->around.people.managers().empty()) {
    warnings.push_back(
        {"Следить не за кем: проверьте people.departments и people.exclude в "
         "настройках.",
         "Nobody is watched: look at people.departments and people.exclude in the "
         "settings."});
  }
  const auto kept = backups(StorePaths{loaded->config.state_dir});
  const auto backed_up_at = kept.empty() ? std::nullopt : std::optional{kept.front().made_at};
  const OrderedJson json = to_json(*mirror, warnings, backed_up_at);
  if (common.json) {
    std::cout << dump(json, 2) << '\n';
    return Exit::ok;
  }
  const Time now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  for (const StreamState& s : mirror->reader->streams()) {
    std::int64_t rows = 0;
    std::int64_t rejected = 0;
    for (const auto& line : json["streams"]) {
      if (line["entity"] != std::string{name(s.entity)}) continue;
      rows = line["rows"].get<std::int64_t>();
      rejected = line["rejected"].get<std::int64_t>();
    }
    const std::string not_understood =
        rejected == 0
            ? ""
            : fmt::format(fmt::runtime(tr(", не понято строк: {}", ", rows not understood: {}")),
                          rejected);
    std::cout << fmt::format("{:<12} {:>9}  {}{}{}\n", name(s.entity), rows, about_reading(s, now),
                             not_understood, s.problem.empty() ? "" : ": " + s.problem);
  }
  auto waiting = mirror->reader->waiting_details();
  for (const DetailState& d : mirror->reader->details()) {
    std::cout << fmt::format("{:<14} {}{}\n", name(d.detail),
                             about_reading(d, waiting[d.detail], now),
                             d.problem.empty() || !d.needed ? "" : ": " + d.problem);
  }
  std::cout << about_receipts(json["receipts"]);
  for (const auto& [part, trouble] : kept_presence_troubles(*mirror->reader)) {
    std::cout << say("Не читается: {}. {}\n", "Not read: {}. {}\n", part_name(part), trouble);
  }
  const auto& alerts = json["alerts"];
  std::cout << fmt::format(
      fmt::runtime(tr("Менеджеров: {}. Тревог: {} действует, {} было до начала наблюдения.\n",
                      "Managers: {}. Alerts: {} firing, {} known from the start.\n")),
      json["managers"].get<std::int64_t>(), alerts["firing"].get<std::int64_t>(),
      alerts["known"].get<std::int64_t>());
  std::cout << about_hidden(mirror->reader->hidden_counts(), loaded->config);
  std::cout << about_outbox(mirror->reader->outbox_counts(), now);
  const auto limits = mirror->reader->meta(kLimitsMeta);
  std::cout << about_limits(limits ? limits_from_json(*limits) : std::nullopt,
                            loaded->config.portal.limits, now);
  std::cout << about_application(loaded->config, kept_offline_events(*mirror->reader), now);
  std::cout << about_backup(backed_up_at, now);
  std::cout << about_verification(kept_verification(*mirror->reader), now);
  for (const Text& text : warnings) std::cout << text.pick() << '\n';
  return Exit::ok;
}

}  // namespace b24
