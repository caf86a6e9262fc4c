#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/store.h"

// What a comparison of mirror and portal has found.

namespace b24 {

struct Difference {
  enum class Kind {
    missing,  // the portal shows a row that the mirror lacks
    gone,     // the mirror has a row that the portal no longer shows: deleted, or closed to us
    field,    // one value of a row
    count,    // the numbers of rows, where the ids that were compared do not say why
    details,  // what belongs to an object and is asked for by its id
    hidden,   // the portal shows so few rows that lost rights are likelier than deletions
  };
  Entity entity = Entity::deal;
  Kind kind = Kind::field;
  std::int64_t id = 0;     // of missing, gone, field, details
  std::string field = {};  // of field: a column, or a portal field without one; the kind of details
  Value here = {};         // of field, count, details, hidden: in the mirror; the rows
  Value there = {};        // on the portal
};
std::string_view name(Difference::Kind kind);

struct StreamVerdict {
  Entity entity = Entity::deal;
  bool compared = false;
  bool refused = false;                          // not compared, since the portal does not give it
  std::string problem = {};                      // why it was not compared, or not to the end
  std::optional<ErrorKind> failed = {};          // the comparison broke off
  std::optional<std::int64_t> portal_rows = {};  // as the portal counts them
  std::int64_t mirror_rows = 0;
  std::int64_t ids = 0;   // the portal's, compared with the mirror's
  std::int64_t rows = 0;  // compared field by field
  std::int64_t differences = 0;
  // Suspects that could not be decided: the mirror is renewed there only later, or the requests
  // were at an end.
  std::int64_t undecided = 0;
};

struct DetailVerdict {
  Detail detail = {};
  bool compared = false;
  bool needed = true;        // as of DetailState; not compared otherwise
  std::string problem = {};  // why they were not compared, or not all
  std::int64_t objects = 0;  // whose details were compared
  std::int64_t differences = 0;
  std::int64_t undecided = 0;
};

struct Verification {
  Time ended_at;  // our clock
  std::uint64_t requests = 0;
  std::vector<StreamVerdict> streams;   // in the order of kEntities
  std::vector<DetailVerdict> details;   // in the order of kDetails
  std::vector<Difference> differences;  // the first kMostDifferences
  std::int64_t differing() const;       // all of them
  std::int64_t undecided() const;       // suspects of all streams
};
inline constexpr std::size_t kMostDifferences = 1000;

// The result of the latest comparison, as it is kept in the state: figures without the rows.
std::string to_json(const Verification& kept);
std::optional<Verification> verification_from_json(const std::string& text);
inline constexpr const char* kVerifiedMeta = "verified";
std::optional<Verification> kept_verification(Reader& reader);

}  // namespace b24
