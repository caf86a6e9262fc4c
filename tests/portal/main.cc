#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>

#include "tests/portal/portal.h"
#include "tests/support/certificates.h"

// b24portal: the simulated portal as a program. Prints its webhook on the first line, with --tls
// the authority to trust on the second, and runs until it is told to stop.

namespace {

using b24::sim::Notification;
using b24::sim::Portal;
using b24::sim::PortalOptions;

volatile std::sig_atomic_t stopping = 0;

void on_signal(int) { stopping = 1; }

struct Extras {
  bool no_limits = false;
  bool no_admin = false;
  bool no_problems = false;
  bool print_inbox = false;
  bool print_facts = false;
  bool self_test_speed = false;
  bool tls = false;
  int leads_mode = 1;
  std::string now;
  std::vector<std::string> scopes;
};

void add_options(CLI::App& app, PortalOptions& options, Extras& extras) {
  app.add_option("--address", options.address, "Address to listen on")->capture_default_str();
  app.add_option("--port", options.port, "Port; 0 takes a free one")->capture_default_str();
  app.add_option("--managers", options.managers)->capture_default_str();
  app.add_option("--departments", options.departments)->capture_default_str();
  app.add_option("--deals", options.deals)->capture_default_str();
  app.add_option("--tasks", options.tasks)->capture_default_str();
  app.add_option("--calls", options.calls)->capture_default_str();
  for (const auto& [name, figure] : {std::pair{"--leads", &options.leads},
                                     {"--contacts", &options.contacts},
                                     {"--companies", &options.companies},
                                     {"--quotes", &options.quotes},
                                     {"--invoices", &options.invoices},
                                     {"--activities", &options.activities},
                                     {"--chats", &options.chats}}) {
    app.add_option(name, *figure, "-1: as the deals want it; 0: none, ever")->capture_default_str();
  }
  app.add_option("--history", options.history, "History of stages, 0 or 1")->capture_default_str();
  for (const auto& [name, there] : {std::pair{"--products", &options.products},
                                    {"--payments", &options.payments},
                                    {"--comments", &options.comments}}) {
    app.add_option(name, *there, "0 or 1")->capture_default_str();
  }
  app.add_option("--leads-mode", extras.leads_mode, "1: with leads, 2: without")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  app.add_option("--days", options.days, "Days of history")->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--secret", options.secret, "The webhook's secret")->capture_default_str();
  app.add_option("--scopes", extras.scopes, "Scopes of the webhook")->delimiter(',');
  app.add_flag("--no-admin", extras.no_admin, "The webhook belongs to an ordinary manager");
  app.add_flag("--no-problems", extras.no_problems, "Plant nothing that a rule would find");
  app.add_option("--now", extras.now, "Stop the clock at this time, 2026-11-20T12:00:00+03:00");
  app.add_flag("--no-limits", extras.no_limits, "Neither request rate nor operating time");
  app.add_option("--drain", options.limits.drain_per_second)->capture_default_str();
  app.add_option("--burst", options.limits.burst)->capture_default_str();
  app.add_option("--operating", options.limits.operating_seconds, "Seconds in ten minutes")
      ->capture_default_str();
  app.add_option("--page-cost", options.limits.page_cost, "Operating seconds of a list page")
      ->capture_default_str();
  app.add_flag("!--no-gzip", options.gzip, "Never compress");
  auto* certificate = app.add_option("--certificate", options.tls_certificate,
                                     "HTTPS with this certificate, a file in PEM");
  auto* key = app.add_option("--key", options.tls_key, "Its key")->needs(certificate);
  certificate->needs(key);
  app.add_flag("--tls", extras.tls, "HTTPS with a certificate made now for 127.0.0.1 and localhost")
      ->excludes(certificate);
  app.add_flag("--live", options.live, "Change by itself, as a working day goes on");
  app.add_option("--live-interval", options.live_interval_seconds, "Seconds between changes")
      ->capture_default_str();
  app.add_flag("--print-inbox", extras.print_inbox, "Print every notification as it is posted");
  app.add_flag("--print-facts", extras.print_facts, "Print what the rules must find");
  app.add_flag("--self-test-speed", extras.self_test_speed, "Time a batch of 50 pages, and end");
}

// As a person sees it: whom it is for, and the text.
void print_notification(const Notification& n) {
  fmt::print("--- {} -> user {}{}\n{}\n", b24::format_offset(n.at, b24::hours{3}), n.user_id,
             n.tag.empty() ? "" : " [" + n.tag + "]", n.text);
  std::fflush(stdout);
}

void print_new(const Portal& portal, std::int64_t& last) {
  for (const Notification& n : portal.notifications()) {
    if (n.id <= last) continue;
    last = n.id;
    print_notification(n);
  }
}

// The cost of the code: fifty pages of fifty deals with twenty fields, without the network.
void time_batch(Portal& portal) {
  std::string commands;
  for (int i = 0; i < 50; ++i) {
    const std::string after = i == 0 ? "0" : fmt::format("$result[c{}][items][49][id]", i - 1);
    commands += fmt::format(
        R"({}"c{}":"crm.item.list?entityTypeId=2&start=-1&order[id]=ASC&filter[>id]={})",
        i == 0 ? "" : ",", i, after);
    for (const char* field : {"id",
                              "title",
                              "categoryId",
                              "stageId",
                              "stageSemanticId",
                              "closed",
                              "opportunity",
                              "currencyId",
                              "assignedById",
                              "createdBy",
                              "updatedBy",
                              "movedBy",
                              "createdTime",
                              "updatedTime",
                              "movedTime",
                              "lastActivityTime",
                              "begindate",
                              "closedate",
                              "companyId",
                              "contactId"}) {
      commands += fmt::format("&select[]={}", field);
    }
    commands += '"';
  }
  const std::string params = R"({"cmd":{)" + commands + "}}";
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const std::size_t size = portal.call("batch", params).size();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    fmt::print("batch of 50 pages: {:.1f} ms, {} bytes\n", took.count(), size);
  }
}

int run(PortalOptions options, const Extras& extras) {
  std::optional<b24::test::Authority> authority;
  if (extras.tls) {
    const auto own =
        authority.emplace("b24portal authority").issue("b24portal", "IP:127.0.0.1,DNS:localhost");
    options.tls_certificate = own.file;
    options.tls_key = own.key;
  }
  Portal portal{options};
  if (extras.self_test_speed) {
    time_batch(portal);
    return 0;
  }
  portal.start();
  fmt::print("webhook={}\n", portal.webhook());
  if (authority) fmt::print("ca={}\n", authority->ca_file());
  if (extras.print_facts) fmt::print("facts={}\n", portal.facts());
  std::fflush(stdout);
  std::int64_t last = 0;
  while (stopping == 0) {
    if (extras.print_inbox) print_new(portal, last);
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  portal.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A simulated Bitrix24 portal for tests and demonstrations"};
  PortalOptions options;
  Extras extras;
  add_options(app, options, extras);
  CLI11_PARSE(app, argc, argv);
  options.limits.enabled = !extras.no_limits;
  options.admin = !extras.no_admin;
  options.problems = !extras.no_problems;
  options.leads_mode = static_cast<b24::sim::LeadsMode>(extras.leads_mode);
  if (!extras.scopes.empty()) options.scopes = {extras.scopes.begin(), extras.scopes.end()};
  if (!extras.now.empty()) {
    options.now = b24::parse_time(extras.now);
    if (!options.now) {
      fmt::print(stderr, "--now needs a time with an offset, 2026-11-20T12:00:00+03:00\n");
      return 2;
    }
  }
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  try {
    return run(options, extras);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    return 1;
  }
}
