#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "connectors/bitrix24/portal.h"
#include "daemon/engine/presence.h"
#include "daemon/store/store.h"
#include "rules/base/time.h"
#include "rules/calendar.h"

// What the program remembers of the portal between runs, besides rows: small facts kept as JSON in
// the state. Text that cannot be read, as another version wrote it, gives nothing: the portal is
// asked again.

namespace b24 {

// The portal whose mirror this is, and where it redirected to when it was renamed.
inline constexpr const char* kPortalMeta = "portal_host";
inline constexpr const char* kMovedMeta = "portal_moved_to";

struct KeptFacts {
  PortalFacts facts;
  Time read_at;  // our clock
};
std::string to_json(const KeptFacts& kept);
std::optional<KeptFacts> facts_from_json(const std::string& text);
inline constexpr const char* kFactsMeta = "portal_facts";
std::optional<KeptFacts> kept_facts(Reader& reader);

// Who is away when, by one part of the presence.
struct KeptAbsences {
  std::vector<Absence> absences;
  Time read_at;  // our clock
};
std::string to_json(const KeptAbsences& kept);
std::optional<KeptAbsences> absences_from_json(const std::string& text);
// Where absences come from besides the settings, and what each is kept as.
inline constexpr PresencePart kAbsenceParts[] = {PresencePart::calendar, PresencePart::leave};
inline constexpr const char* kAbsencesMeta = "absences";
inline constexpr const char* kLeaveMeta = "absences.leave";
const char* absences_meta(PresencePart part);
std::optional<KeptAbsences> kept_absences(Reader& reader, PresencePart part);

// Why parts of the presence are not read.
std::string to_json(const PresenceTroubles& troubles);
std::optional<PresenceTroubles> presence_troubles_from_json(const std::string& text);
inline constexpr const char* kPresenceTroublesMeta = "presence_troubles";
PresenceTroubles kept_presence_troubles(Reader& reader);

// The administrators were told that these lists cannot be read.
struct KeptOutage {
  Time since;
  std::set<Entity> lists;
  std::optional<Time> over_at = {};  // read again, which is not told yet
};
std::string to_json(const KeptOutage& kept);
std::optional<KeptOutage> outage_from_json(const std::string& text);
inline constexpr const char* kOutageMeta = "outage";
std::optional<KeptOutage> kept_outage(Reader& reader);

// The administrators were told that so many rows are hidden from the webhook's user.
struct KeptHidden {
  Time since;
  std::map<Entity, std::int64_t> rows;
};
std::string to_json(const KeptHidden& kept);
std::optional<KeptHidden> hidden_from_json(const std::string& text);
inline constexpr const char* kHiddenMeta = "hidden_told";
std::optional<KeptHidden> kept_hidden(Reader& reader);

// How much of the portal's budgets was used: it knows nothing of our restarts.
struct KeptLimits {
  double level = 0;                         // requests in the bucket
  std::map<std::string, double> operating;  // seconds in ten minutes, by method
  Time at;                                  // our clock
};
std::string to_json(const KeptLimits& kept);
std::optional<KeptLimits> limits_from_json(const std::string& text);
inline constexpr const char* kLimitsMeta = "limits";

}  // namespace b24
