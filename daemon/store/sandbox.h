#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "daemon/store/connection.h"

// What SQL of other people may do on a connection. Once made, the connection asks it about every
// table and function of a statement while that is prepared, and now and then while it runs.
//
// It guards against slips; the analyst is trusted. A call of one function cannot be interrupted,
// which is why only functions that are quick on any argument are allowed.

namespace b24 {

class Sandbox {
 public:
  enum class Access {
    program,  // our own statements: everything
    views,    // reading, base tables only through a view
  };

  // Installs itself on the connection, which must outlive it, and learns which view reads which
  // tables. StoreFailure when the views are not there.
  explicit Sandbox(Connection& connection);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // While it lives, statements are prepared and run with this access, until the deadline. Besides
  // `program`, values are limited to a megabyte.
  class Scope {
   public:
    Scope(Sandbox& sandbox, Access access,
          std::optional<std::chrono::steady_clock::time_point> deadline = {});
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Sandbox& sandbox_;
    int usual_length_;
  };

  // Of the latest prepare in a scope: the entities behind what it names, and what was refused.
  const std::set<Entity>& reads() const { return reads_; }
  struct Refusal {
    std::string text;        // a sentence
    std::string identifier;  // to be found in the SQL; may be empty
  };
  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  static int on_action(void* self, int action, const char* first, const char* second,
                       const char* database, const char* view);
  static int on_progress(void* self);
  bool allows(int action, const char* first, const char* second, const char* view);
  bool allows_read(std::string_view table, std::string_view through, bool no_column);
  void refuse(std::string text, std::string_view identifier);
  void learn(Connection& connection);

  sqlite3* database_;
  Access access_ = Access::program;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  bool learning_ = false;
  using Names = std::set<std::string, std::less<>>;
  Names tables_;
  Names views_;
  // What is read in the name of a view, or of a WITH table inside a view.
  std::map<std::string, Names, std::less<>> tables_behind_;
  Names read_through_views_;  // by the statement being prepared
  std::set<Entity> reads_;
  std::optional<Refusal> refusal_;
};

}  // namespace b24
