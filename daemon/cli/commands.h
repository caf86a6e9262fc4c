#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/load.h"
#include "daemon/engine/judge.h"
#include "daemon/store/store.h"

// The commands of the program, one file each; commands.cc is their table.

namespace b24 {

// Exit codes, as README.md lists them.
enum class Exit : int {
  ok = 0,
  failed = 1,  // `check` found errors; `query` could not be answered; `verify` found differences
  usage = 2,   // bad arguments or settings
  portal = 3,  // the portal refused: somebody has to act
  store = 4,   // the state folder or the database
  later = 5,   // what passes by itself: the portal is away, or the port to listen at is taken
};

// What is common to all commands.
struct Common {
  std::filesystem::path config_file = "/etc/b24watch/b24watch.yaml";
  bool json = false;
};

struct RunArguments {
  bool dry_run = false;
};
struct QueryArguments {
  std::string sql;
};
struct CheckArguments {
  std::vector<std::filesystem::path> folders;  // in place of the settings' own
  bool strict = false;
};
struct PreviewArguments {
  std::string at;    // ISO time with an offset; empty: now
  std::string rule;  // empty: all
};
struct SchemaArguments {
  bool reference = false;  // Markdown with worked queries, in place of the list
};

struct RestoreArguments {
  std::string from;  // a file; empty: the newest backup that is whole
};

struct VerifyArguments {
  std::int64_t requests = 100;
  std::int64_t rows = 200;
  std::vector<std::string> streams;  // empty: all
  bool mend = false;
};

struct InitArguments {
  std::string webhook_file;  // "-": stdin; empty: a person is asked, or stdin without one
  std::string ca_file;
  std::vector<std::int64_t> departments;  // in place of those found
  std::optional<std::int64_t> head;       // of them, in place of the portal's
  bool yes = false;
  bool force = false;
};

Exit init_command(const Common& common, const InitArguments& arguments);
Exit authorize_command(const Common& common);
Exit doctor_command(const Common& common);
Exit run_command(const Common& common, const RunArguments& arguments);
Exit sync_command(const Common& common);
Exit verify_command(const Common& common, const VerifyArguments& arguments);
Exit query_command(const Common& common, const QueryArguments& arguments);
Exit check_command(const Common& common, const CheckArguments& arguments);
Exit preview_command(const Common& common, const PreviewArguments& arguments);
Exit status_command(const Common& common);
Exit schema_command(const Common& common, const SchemaArguments& arguments);
Exit restore_command(const Common& common, const RestoreArguments& arguments);

// Parses the command line and runs one of them. Never throws.
int run_program(int argc, char** argv);

// --- what several commands need ---

// Settings and rules, loaded and checked; the problems are printed to stderr.
struct Loaded {
  Config config;
  LoadedRules rules;  // without problems: they are printed
};
enum class Wanted { settings, settings_and_webhook, rules, rules_and_webhook };
std::optional<Loaded> load_all(const Common& common, Wanted wanted);

Exit exit_of(ErrorKind kind);
// Prints one sentence to stderr and gives the exit code that fits its kind.
Exit complain(const Error& problem);
void print_problems(const std::vector<Problem>& problems);

// The language of the environment (B24WATCH_LANGUAGE), else that of the settings.
void use_language(Language of_settings);
// The same for a command that needs no settings: those that cannot be read say nothing of it.
void use_language_of_settings(const Common& common);

// A reader of the mirror for a command that only looks. Calendar, absences and people are set.
struct Mirror {
  std::unique_ptr<Reader> reader;
  Surroundings around;
};
// What stands in the way is printed, with what to do when there is no mirror yet.
std::optional<Mirror> open_mirror(const Config& config);

}  // namespace b24
