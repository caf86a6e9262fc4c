#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/log.h"
#include "daemon/engine/trouble.h"

// The engine's fourth part: why rows are gone, and who is told when rights are lost.

namespace b24 {
namespace {

// So many hidden rows of a list are no accident, and so many times more are news.
constexpr std::int64_t kManyHidden = 5;
constexpr std::int64_t kManyMore = 2;

using Counts = std::map<Entity, std::int64_t>;

bool is_news(const Counts& hidden, const Counts& told) {
  return std::ranges::any_of(hidden, [&](const auto& entry) {
    const auto before = told.find(entry.first);
    return before == told.end() || entry.second >= before->second * kManyMore;
  });
}

}  // namespace

void Engine::take_fates(const FatesRead& read) {
  const Time now = clock_.now();
  Writer::Transaction transaction{writer_};
  const SavedFates saved = writer_.save_fates(read.objects, now);
  transaction.commit();
  changed_ = changed_ || saved.left > 0;
  for (const auto& [entity, rows] : saved.hidden) {
    log::warn("rows hidden from the webhook's user entity={} rows={}", name(entity), rows);
  }
}

void Engine::watch_hidden(Time now) {
  Counts many = reader_.hidden_counts();
  const bool none = many.empty();
  std::erase_if(many, [](const auto& entry) { return entry.second < kManyHidden; });
  const auto told = kept_hidden(reader_);
  const bool over = told && none;
  if (!over && !is_news(many, told ? told->rows : Counts{})) return;
  if (is_quiet(now)) return;
  // One message, in which the later words replace the earlier.
  const Time since = told ? told->since : now;
  const Way way = facts_ ? facts_->way : Way::webhook;
  const std::string text = over ? hidden_over_text(told->rows, way) : hidden_text(many, way);
  const log::Held lines;
  Writer::Transaction transaction{writer_};
  tell_administrators(text, "hidden:" + std::to_string(to_unix(since)), now);
  writer_.set_meta(kHiddenMeta, over ? std::string{} : to_json(KeptHidden{since, many}));
  transaction.commit();
}

}  // namespace b24
