#include "daemon/engine/verified.h"

#include <nlohmann/json.hpp>

namespace b24 {

std::string_view name(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::missing:
      return "missing";
    case Difference::Kind::gone:
      return "gone";
    case Difference::Kind::field:
      return "field";
    case Difference::Kind::count:
      return "count";
    case Difference::Kind::details:
      return "details";
    case Difference::Kind::hidden:
      return "hidden";
  }
  return "";
}

std::int64_t Verification::differing() const {
  std::int64_t sum = 0;
  for (const StreamVerdict& stream : streams) sum += stream.differences;
  for (const DetailVerdict& verdict : details) sum += verdict.differences;
  return sum;
}

std::int64_t Verification::undecided() const {
  std::int64_t sum = 0;
  for (const StreamVerdict& stream : streams) sum += stream.undecided;
  for (const DetailVerdict& verdict : details) sum += verdict.undecided;
  return sum;
}

std::string to_json(const Verification& kept) {
  nlohmann::json streams = nlohmann::json::array();
  for (const StreamVerdict& s : kept.streams) {
    if (!s.compared) continue;
    streams.push_back({{"entity", name(s.entity)},
                       {"ids", s.ids},
                       {"rows", s.rows},
                       {"differences", s.differences},
                       {"undecided", s.undecided}});
  }
  nlohmann::json details = nlohmann::json::array();
  for (const DetailVerdict& d : kept.details) {
    if (!d.compared) continue;
    details.push_back({{"detail", name(d.detail)},
                       {"objects", d.objects},
                       {"differences", d.differences},
                       {"undecided", d.undecided}});
  }
  return nlohmann::json{{"ended_at", to_unix(kept.ended_at)},
                        {"requests", kept.requests},
                        {"streams", std::move(streams)},
                        {"details", std::move(details)}}
      .dump();
}

std::optional<Verification> verification_from_json(const std::string& text) try {
  const auto json = nlohmann::json::parse(text);
  Verification kept;
  kept.ended_at = from_unix(json.at("ended_at"));
  kept.requests = json.at("requests");
  for (const auto& s : json.at("streams")) {
    const auto entity = entity_named(s.at("entity").get<std::string>());
    if (!entity) continue;
    StreamVerdict& stream = kept.streams.emplace_back();
    stream.entity = *entity;
    stream.compared = true;
    stream.ids = s.at("ids");
    stream.rows = s.at("rows");
    stream.differences = s.at("differences");
    stream.undecided = s.at("undecided");
  }
  for (const auto& d : json.value("details", nlohmann::json::array())) {
    const auto detail = detail_named(d.at("detail").get<std::string>());
    if (!detail) continue;
    kept.details.push_back({.detail = *detail,
                            .compared = true,
                            .objects = d.at("objects"),
                            .differences = d.at("differences"),
                            .undecided = d.at("undecided")});
  }
  return kept;
} catch (const nlohmann::json::exception&) {
  return std::nullopt;
}

std::optional<Verification> kept_verification(Reader& reader) {
  const auto text = reader.meta(kVerifiedMeta);
  return text ? verification_from_json(*text) : std::nullopt;
}

}  // namespace b24
