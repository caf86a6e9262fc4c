#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/problem.h"
#include "daemon/store/store.h"
#include "rules/evaluate.h"
#include "rules/rule.h"
#include "rules/surroundings.h"

namespace b24 {

// Where a rule's values stand in its file, by key.
using RuleMarks = std::map<std::string, Mark>;

// What a rule reads (store.h, QueryInfo).
struct Reads {
  std::set<Entity> entities;
  std::set<Detail> details;
};

// Runs the queries of rules and hands their rows to the judgement. One thread at a time, the one
// that owns the Reader.
class Judge {
 public:
  explicit Judge(Reader& reader) : reader_(reader) {}

  // Before judging, and whenever they change.
  void set_surroundings(const Surroundings& surroundings);

  // What holds now. `standing`: the norms that standing alerts began with. invalid_input: the
  // rule's SQL fails or gives what it must not; the text names the place.
  Result<Judgement> judge(const RuleSet& rules, const Rule& rule, const Surroundings& around,
                          Time now, const StandingNorms& standing = {});

  // By what its queries touch.
  Result<Reads> reads(const RuleSet& rules, const Rule& rule);

  // Everything that can be wrong with a rule against the mirror's schema: SQL, missing columns,
  // unknown names in texts.
  std::vector<Problem> check(const RuleSet& rules, const Rule& rule, const RuleMarks& marks);

 private:
  Reader& reader_;
};

// The same for all rules.
std::vector<Problem> check_rules(Reader& reader, const LoadedRules& loaded);

}  // namespace b24
